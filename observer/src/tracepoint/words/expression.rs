//! Tokens → what they come to: a number, or some bits of a field.
//!
//! Understood are constants, the operators `| ^ & << >> + - ~`, brackets and casts, and a field
//! with a mask. Anything else is `None`, and so is a field that more is done with.

use super::token::Token;
use crate::tracepoint::format::CType;

/// What an expression comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand<'a> {
    Constant(u64),
    Field { name: &'a str, mask: u64 },
}

/// Takes tokens from the front; `None` as soon as they are not what is understood.
pub(super) struct Parser<'t, 'a> {
    pub(super) rest: &'t [Token<'a>],
    depth: usize,
}

impl<'t, 'a> Parser<'t, 'a> {
    /// Deeper brackets than any kernel has.
    const DEEPEST: usize = 100;

    pub(super) fn new(rest: &'t [Token<'a>]) -> Self {
        Self { rest, depth: 0 }
    }

    fn next(&mut self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    pub(super) fn sign(&mut self, wanted: &str) -> Option<()> {
        let is_next = matches!(self.rest.first()?, Token::Sign(sign) if *sign == wanted);
        is_next.then(|| self.next()).map(drop)
    }

    pub(super) fn text(&mut self) -> Option<&'t str> {
        match self.next()? {
            Token::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The inside of `{ 1, "one" }`.
    pub(super) fn braces(&mut self) -> Option<&'t [Token<'a>]> {
        self.sign("{")?;
        let end = self.rest.iter().position(|token| *token == Token::Sign("}"))?;
        let (inside, behind) = self.rest.split_at_checked(end)?;
        self.rest = behind;
        self.sign("}")?;
        Some(inside)
    }

    pub(super) fn expression(&mut self) -> Option<Operand<'a>> {
        self.binary(0)
    }

    /// Operators that bind at least this strongly.
    fn binary(&mut self, strength: u8) -> Option<Operand<'a>> {
        self.depth += 1;
        let mut left = (self.depth < Self::DEEPEST).then(|| self.unary())??;
        while let Some(Token::Sign(sign)) = self.rest.first()
            && let Some(own) = strength_of(sign)
            && own >= strength
        {
            self.next();
            left = combine(sign, left, self.binary(own + 1)?)?;
        }
        self.depth -= 1;
        Some(left)
    }

    fn unary(&mut self) -> Option<Operand<'a>> {
        match self.next()? {
            Token::Number(number) => Some(Operand::Constant(*number)),
            Token::Name("REC") => {
                self.sign("->")?;
                match self.next()? {
                    Token::Name(name) => Some(Operand::Field { name, mask: u64::MAX }),
                    _ => None,
                }
            }
            Token::Sign("~") => self.constant().map(|number| Operand::Constant(!number)),
            Token::Sign("-") => {
                self.constant().map(|number| Operand::Constant(number.wrapping_neg()))
            }
            Token::Sign("(") => self.brackets(),
            _ => None,
        }
    }

    fn constant(&mut self) -> Option<u64> {
        self.depth += 1;
        match (self.depth < Self::DEEPEST).then(|| self.unary())?? {
            Operand::Constant(number) => {
                self.depth -= 1;
                Some(number)
            }
            Operand::Field { .. } => None,
        }
    }

    /// Behind an opening bracket: a cast and what it is for, or an expression and its end.
    fn brackets(&mut self) -> Option<Operand<'a>> {
        if let Some((ctype, behind)) = cast(self.rest) {
            self.rest = behind;
            self.depth += 1;
            let operand = (self.depth < Self::DEEPEST).then(|| self.unary())??;
            self.depth -= 1;
            return convert(operand, ctype);
        }
        let inside = self.expression()?;
        self.sign(")")?;
        Some(inside)
    }
}

fn strength_of(sign: &str) -> Option<u8> {
    match sign {
        "|" => Some(0),
        "^" => Some(1),
        "&" => Some(2),
        "<<" | ">>" => Some(3),
        "+" | "-" => Some(4),
        _ => None,
    }
}

fn combine<'a>(sign: &str, left: Operand<'a>, right: Operand<'a>) -> Option<Operand<'a>> {
    use Operand::{Constant, Field};
    match (left, right) {
        (Constant(left), Constant(right)) => calculate(sign, left, right).map(Constant),
        (Field { name, mask }, Constant(other)) | (Constant(other), Field { name, mask })
            if sign == "&" =>
        {
            Some(Field { name, mask: mask & other })
        }
        _ => None,
    }
}

fn calculate(sign: &str, left: u64, right: u64) -> Option<u64> {
    match sign {
        "|" => Some(left | right),
        "^" => Some(left ^ right),
        "&" => Some(left & right),
        "<<" => left.checked_shl(u32::try_from(right).ok()?),
        ">>" => left.checked_shr(u32::try_from(right).ok()?),
        "+" => Some(left.wrapping_add(right)),
        "-" => Some(left.wrapping_sub(right)),
        _ => None,
    }
}

/// The type of a cast and what is behind its bracket. Names of fields stand behind an arrow, so
/// nothing else in brackets is made of names alone.
fn cast<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(Option<CType>, &'t [Token<'a>])> {
    let end = tokens.iter().position(|token| !matches!(token, Token::Name(_)))?;
    let (words, behind) = tokens.split_at_checked(end)?;
    let behind = behind.strip_prefix(&[Token::Sign(")")])?;
    let words = words.iter().filter_map(|word| match word {
        Token::Name(word) => Some(*word),
        _ => None,
    });
    let words = words.collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| (CType::named(&words), behind))
}

/// As a cast changes it: to an unsigned type that is narrower, by cutting bits off.
fn convert(operand: Operand<'_>, ctype: Option<CType>) -> Option<Operand<'_>> {
    let Some(ctype) = ctype.filter(|ctype| !ctype.is_signed()) else {
        return Some(operand);
    };
    let unused = u64::BITS.checked_sub(u32::try_from(ctype.size() * 8).ok()?)?;
    let kept = u64::MAX.checked_shr(unused)?;
    combine("&", operand, Operand::Constant(kept))
}
