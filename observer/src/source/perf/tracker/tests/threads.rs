//! Processes of several threads.

use super::*;

fn thread(tid: u32) -> News {
    new_task(tid, libc::CLONE_THREAD)
}

#[test]
fn a_thread_is_no_process() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, thread(101));
    play.tell(100, 101, News::Rename { tid: 101, old: comm("a"), new: comm("b") });
    play.tell(0, 0, News::Free { tid: 101 });
    assert_eq!(play.got.len(), 1, "{:?}", play.got);
}

#[test]
fn the_last_thread_ends_the_process_whichever_it_is() {
    for order in [[100, 101, 102], [102, 100, 101], [101, 102, 100]] {
        let mut play = Play::begin();
        play.fork(1, 100);
        play.tell(100, 100, thread(101));
        play.tell(100, 101, thread(102));
        for tid in order {
            assert_eq!(play.of(Kind::EXIT).len(), 0, "before thread {tid} of {order:?}");
            play.tell(100, tid, some_exit());
        }
        assert_eq!(play.of(Kind::EXIT).len(), 1, "{order:?}");
    }
}

#[test]
fn the_kernels_word_counts_where_it_gives_it() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, thread(101));
    play.tell(100, 101, News::Exit { comm: comm("x"), group_dead: Some(true) });
    play.tell(100, 100, News::Exit { comm: comm("x"), group_dead: Some(false) });
    assert_eq!(play.of(Kind::EXIT).len(), 1);
}

#[test]
fn threads_that_were_there_before_count() {
    let mut play = Play::begin();
    let mut many = row(50, 1, TICK_NS);
    many.stat = Some(Stat { threads: 3, ..Stat::default() });
    play.world.rows.insert(50, many);
    play.world.threads.insert(50, vec![50, 51, 52]);
    play.look(Tracker::look_around);
    for tid in [50, 52] {
        play.tell(50, tid, some_exit());
    }
    assert_eq!(play.of(Kind::EXIT).len(), 0);
    play.tell(50, 51, some_exit());
    assert_eq!(play.of(Kind::EXIT).len(), 1);
}

#[test]
fn a_thread_that_runs_another_program_becomes_the_process() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    play.tell(100, 100, thread(101));
    play.tell(100, 100, thread(102));
    play.tell(100, 102, some_exit());
    play.tell(100, 100, some_exit());
    play.tell(100, 100, exec(100, 101));
    assert_eq!(play.of(Kind::EXIT).len(), 0);
    assert_eq!(play.last().key(), key);
    play.tell(100, 100, some_exit());
    assert_eq!(play.of(Kind::EXIT).len(), 1);
}

#[test]
fn a_signal_for_a_thread_is_one_for_its_process() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, thread(101));
    play.tell(1, 1, News::SignalGenerated { tid: 101, number: 15 });
    play.tell(100, 101, News::SignalDelivered { number: 9, default: true });
    play.exit(100);
    let by_a_signal = Ending::Signal { number: 15, core_dumped: None };
    assert_eq!(play.last().status, Some(by_a_signal));
}

#[test]
fn the_name_is_the_leaders() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, News::Rename { tid: 100, old: comm("forked"), new: comm("main") });
    play.tell(100, 100, thread(101));
    play.tell(100, 101, News::Exit { comm: comm("worker"), group_dead: Some(true) });
    assert_eq!(play.last().comm, "main");
}
