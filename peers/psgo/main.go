// Command psgo prints processes with the Go library of that name, for tests and benchmarks to
// compare observer with. It takes the flags of the library's own sample program and lays out its
// table as that does; `-json` is ours, for cells that hold tabs, newlines or bytes that are not UTF-8.
//
// It adds nothing to what the library says. A failure is one line and exit status 2.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/containers/psgo"
)

type options struct {
	pids, format                   string
	list, join, fillMappings, json bool
}

func main() {
	var o options
	flag.StringVar(&o.pids, "pids", "", "only these processes, a `LIST` with commas")
	flag.StringVar(&o.format, "format", "", "descriptors to print, a `LIST` with commas")
	flag.BoolVar(&o.list, "list", false, "print the names of all descriptors")
	flag.BoolVar(&o.join, "join", false, "join the namespaces of the processes in -pids")
	flag.BoolVar(&o.fillMappings, "fill-mappings", false, "with -join, map ids as this process does")
	flag.BoolVar(&o.json, "json", false, "print [[CELL,…],…], the header first, each cell in base64")
	flag.Parse()

	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	err := run(o, out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "psgo: %v\n", err)
		os.Exit(2)
	}
}

func run(o options, out io.Writer) error {
	if o.list {
		_, err := fmt.Fprintln(out, strings.Join(psgo.ListDescriptors(), ", "))
		return err
	}
	rows, err := read(o)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(out, rows)
	}
	return writeTable(out, rows)
}

// As in the sample program, -join without -pids means nothing.
func read(o options) ([][]string, error) {
	if o.fillMappings && !o.join {
		return nil, errors.New("-fill-mappings goes with -join only")
	}
	pids, descriptors := split(o.pids), split(o.format)
	switch {
	case len(pids) > 0 && o.join:
		how := psgo.JoinNamespaceOpts{FillMappings: o.fillMappings}
		return psgo.JoinNamespaceAndProcessInfoByPidsWithOptions(pids, descriptors, &how)
	case len(pids) > 0:
		return psgo.ProcessInfoByPids(pids, descriptors)
	default:
		return psgo.ProcessInfo(descriptors)
	}
}

// Items stay as they were typed, blanks and empty ones too: what to make of them is the library's
// business.
func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func writeTable(out io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(out, 5, 1, 3, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(table, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

// The JSON of Go has base64 for bytes, and so loses none.
func writeJSON(out io.Writer, rows [][]string) error {
	cells := make([][][]byte, len(rows))
	for i, row := range rows {
		cells[i] = make([][]byte, len(row))
		for j, cell := range row {
			cells[i][j] = []byte(cell)
		}
	}
	return json.NewEncoder(out).Encode(cells)
}
