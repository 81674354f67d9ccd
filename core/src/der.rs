//! An exact DER writer and a strict DER reader for the structures this library makes itself (X.690, 8 and 10).
//!
//! The writer keeps one buffer and puts each length in after its content, so writing a certificate is one allocation
//! and a few small moves. The reader accepts DER only: definite, minimal lengths and nothing left over.

use crate::env::Timestamp;

/// The tags used here (X.690, 8.1.2): class, constructed bit and number in one octet.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[number]` around a primitive.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]` around something constructed.
    pub(crate) const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// How many octets the length field of `len` content octets takes (X.690, 8.1.3).
pub(crate) const fn length_size(len: usize) -> usize {
    if len < 0x80 {
        return 1;
    }
    let mut size = 1;
    let mut rest = len;
    while rest > 0 {
        size += 1;
        rest >>= 8;
    }
    size
}

/// Writes the length field of `len` content octets over `out`, which has [`length_size`] octets.
#[allow(clippy::cast_possible_truncation)] // each cast takes the low octet on purpose
pub(crate) fn put_length(out: &mut [u8], len: usize) {
    let Some((first, rest)) = out.split_first_mut() else { return };
    if rest.is_empty() {
        *first = len as u8;
        return;
    }
    *first = 0x80 | rest.len() as u8;
    let mut left = len;
    for octet in rest.iter_mut().rev() {
        *octet = left as u8;
        left >>= 8;
    }
}

/// Writes DER into one buffer.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// A writer whose buffer holds `capacity` octets before it grows.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity) }
    }

    /// As [`with_capacity`](Self::with_capacity), in memory that is there already; what was in it is gone.
    pub(crate) fn reusing(mut buffer: Vec<u8>, capacity: usize) -> Self {
        buffer.clear();
        buffer.reserve_exact(capacity);
        Self { out: buffer }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// How many octets were written so far.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Ready DER, as it is.
    pub(crate) fn raw(&mut self, der: &[u8]) {
        self.out.extend_from_slice(der);
    }

    /// What was written since the writer had this length.
    pub(crate) fn written_since(&self, start: usize) -> &[u8] {
        self.out.get(start..).unwrap_or_default()
    }

    /// The tag and length of an element whose content the caller writes, exactly so many octets.
    pub(crate) fn header(&mut self, tag: u8, len: usize) {
        let mut field = [0; 1 + size_of::<usize>()];
        let size = length_size(len);
        self.out.push(tag);
        if let Some(field) = field.get_mut(..size) {
            put_length(field, len);
            self.out.extend_from_slice(field);
        }
    }

    /// One element with this content.
    pub(crate) fn tlv(&mut self, tag: u8, content: &[u8]) {
        self.header(tag, content.len());
        self.raw(content);
    }

    /// One element whose content `fill` writes.
    pub(crate) fn nest(&mut self, tag: u8, fill: impl FnOnce(&mut Self)) {
        self.out.push(tag);
        self.out.push(0);
        let start = self.out.len();
        fill(self);
        let len = self.out.len() - start;
        let more = length_size(len) - 1;
        if more > 0 {
            // Only elements of 128 octets and more move, by one to three octets.
            let end = self.out.len();
            self.out.resize(end + more, 0);
            self.out.copy_within(start..end, start + more);
        }
        if let Some(field) = self.out.get_mut(start - 1..start + more) {
            put_length(field, len);
        }
    }

    /// A `SEQUENCE`.
    pub(crate) fn sequence(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nest(tag::SEQUENCE, fill);
    }

    /// A `BOOLEAN` that is TRUE; FALSE is everywhere a default and so never written (X.690, 11.5).
    pub(crate) fn boolean_true(&mut self) {
        self.out.extend_from_slice(&[tag::BOOLEAN, 1, 0xff]);
    }

    /// A non-negative `INTEGER` from big-endian octets, in its shortest form (X.690, 8.3.2).
    pub(crate) fn integer(&mut self, magnitude: &[u8]) {
        self.unsigned(tag::INTEGER, magnitude);
    }

    /// A non-negative `INTEGER`.
    pub(crate) fn integer_u64(&mut self, value: u64) {
        self.unsigned(tag::INTEGER, &value.to_be_bytes());
    }

    fn unsigned(&mut self, tag: u8, magnitude: &[u8]) {
        let first = magnitude.iter().position(|&octet| octet != 0).unwrap_or(magnitude.len());
        let digits = magnitude.get(first..).unwrap_or_default();
        let pad = digits.first().is_none_or(|&octet| octet >= 0x80);
        self.header(tag, digits.len() + usize::from(pad));
        if pad {
            self.out.push(0);
        }
        self.raw(digits);
    }

    /// An `OBJECT IDENTIFIER` from its content octets.
    pub(crate) fn oid(&mut self, content: &[u8]) {
        self.tlv(tag::OID, content);
    }

    /// A `BIT STRING` of whole octets.
    pub(crate) fn bit_string(&mut self, octets: &[u8]) {
        self.header(tag::BIT_STRING, octets.len() + 1);
        self.out.push(0);
        self.raw(octets);
    }

    /// An `OCTET STRING`.
    pub(crate) fn octet_string(&mut self, octets: &[u8]) {
        self.tlv(tag::OCTET_STRING, octets);
    }

    /// A `Time` (RFC 5280, 4.1.2.5): `UTCTime` from 1950 to 2049, else `GeneralizedTime`.
    pub(crate) fn time(&mut self, at: Timestamp) {
        let (text, len) = time_text(at);
        let tag = if len == 13 { tag::UTC_TIME } else { tag::GENERALIZED_TIME };
        self.tlv(tag, text.get(15 - len..).unwrap_or_default());
    }

    /// A `GeneralizedTime` whatever the year (RFC 6960, 4.2.2.1).
    pub(crate) fn generalized_time(&mut self, at: Timestamp) {
        self.tlv(tag::GENERALIZED_TIME, &time_text(at).0);
    }
}

/// `YYYYMMDDHHMMSSZ`, and how many of the last octets RFC 5280 wants: 13 without the century or all 15.
fn time_text(at: Timestamp) -> ([u8; 15], usize) {
    let calendar = at.calendar();
    let year = u16::try_from(calendar.year()).unwrap_or(0);
    let (century, short_year) = (year / 100, year % 100);
    let mut text = [b'Z'; 15];
    let pairs = [
        u8::try_from(century).unwrap_or(0),
        u8::try_from(short_year).unwrap_or(0),
        u8::from(calendar.month()),
        calendar.day(),
        calendar.hour(),
        calendar.minute(),
        calendar.second(),
    ];
    for (place, pair) in text.chunks_exact_mut(2).zip(pairs) {
        place.copy_from_slice(&[b'0' + pair / 10, b'0' + pair % 10]);
    }
    (text, if (1950..2050).contains(&year) { 13 } else { 15 })
}

/// One element: its tag, its content, and the whole of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Why bytes are not the DER that was expected; the caller says of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads DER element by element.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `input` from its start.
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        let (&tag, rest) = self.rest.split_first().ok_or(Malformed)?;
        // Multi-octet tags appear in nothing that is read here.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (&first, rest) = rest.split_first().ok_or(Malformed)?;
        let (len, size) = if first < 0x80 {
            (usize::from(first), 1)
        } else {
            let count = usize::from(first & 0x7f);
            // 0x80 is the indefinite form; four octets of length are more than any limit here.
            if !(1..=4).contains(&count) {
                return Err(Malformed);
            }
            let digits = rest.get(..count).ok_or(Malformed)?;
            let len = digits.iter().try_fold(0usize, |len, &octet| {
                len.checked_mul(256).and_then(|len| len.checked_add(usize::from(octet)))
            });
            let len = len.ok_or(Malformed)?;
            if length_size(len) != count + 1 {
                return Err(Malformed);
            }
            (len, count + 1)
        };
        let end = (1 + size).checked_add(len).ok_or(Malformed)?;
        let whole = self.rest.get(..end).ok_or(Malformed)?;
        let content = whole.get(1 + size..).ok_or(Malformed)?;
        self.rest = self.rest.get(end..).ok_or(Malformed)?;
        Ok(Element { tag, content, whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        let element = self.any()?;
        if element.tag == tag { Ok(element) } else { Err(Malformed) }
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        Ok(self.element(tag)?.content)
    }

    /// The content of the next element if it has this tag, else nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// A reader of the content of the next element, which must be a `SEQUENCE`.
    pub(crate) fn sequence(&mut self) -> Result<Self, Malformed> {
        Ok(Self::new(self.expect(tag::SEQUENCE)?))
    }

    /// Content octets of an `INTEGER` in shortest form.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.expect(tag::INTEGER)?;
        match content {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(Malformed),
            _ => Ok(content),
        }
    }

    /// A `BIT STRING` of whole octets.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        match self.expect(tag::BIT_STRING)? {
            [0, octets @ ..] => Ok(octets),
            _ => Err(Malformed),
        }
    }

    /// A `Time` in one of the two forms that RFC 5280 (4.1.2.5) allows, each in its range of years.
    pub(crate) fn time(&mut self) -> Result<Timestamp, Malformed> {
        let element = self.any()?;
        time_value(element.tag, element.content).ok_or(Malformed)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// The moment in the content of a `UTCTime` or `GeneralizedTime`, with seconds and `Z`.
pub(crate) fn time_value(tag: u8, content: &[u8]) -> Option<Timestamp> {
    let (digits, zone) = content.split_last_chunk::<1>()?;
    if zone != b"Z" || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut pairs = digits.chunks_exact(2).map(|pair| match pair {
        [tens, ones] => (tens - b'0') * 10 + (ones - b'0'),
        _ => 0,
    });
    let year = match (tag, digits.len()) {
        (tag::UTC_TIME, 12) => {
            let short = i32::from(pairs.next()?);
            if short < 50 { 2000 + short } else { 1900 + short }
        }
        (tag::GENERALIZED_TIME, 14) => i32::from(pairs.next()?) * 100 + i32::from(pairs.next()?),
        _ => return None,
    };
    let month = time::Month::try_from(pairs.next()?).ok()?;
    let date = time::Date::from_calendar_date(year, month, pairs.next()?).ok()?;
    let clock = time::Time::from_hms(pairs.next()?, pairs.next()?, pairs.next()?).ok()?;
    Some(Timestamp::from_unix(date.with_time(clock).assume_utc().unix_timestamp()))
}

/// How many octets the first element of `input` takes; `None` when it does not begin with a whole one.
pub(crate) fn first_length(input: &[u8]) -> Option<usize> {
    Reader::new(input).any().ok().map(|element| element.whole.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        fill(&mut writer);
        writer.finish()
    }

    #[test]
    fn lengths_take_the_short_form_below_128_and_the_fewest_octets_above() {
        for (len, head) in [
            (0usize, &[4u8, 0][..]),
            (127, &[4, 0x7f]),
            (128, &[4, 0x81, 0x80]),
            (255, &[4, 0x81, 0xff]),
            (256, &[4, 0x82, 1, 0]),
            (65_536, &[4, 0x83, 1, 0, 0]),
        ] {
            let content = vec![7; len];
            for der in [written(|w| w.octet_string(&content)), written(|w| w.nest(4, |w| w.raw(&content)))] {
                assert_eq!(&der[..head.len()], head);
                assert_eq!(&der[head.len()..], content);
            }
        }
    }

    #[test]
    fn integers_are_positive_and_minimal() {
        assert_eq!(written(|w| w.integer(&[])), [2, 1, 0]);
        assert_eq!(written(|w| w.integer(&[0, 0])), [2, 1, 0]);
        assert_eq!(written(|w| w.integer(&[0, 0x7f])), [2, 1, 0x7f]);
        assert_eq!(written(|w| w.integer(&[0x80])), [2, 2, 0, 0x80]);
        assert_eq!(written(|w| w.integer_u64(u64::MAX)).len(), 11);
    }

    #[test]
    fn times_change_their_form_with_2050() {
        let time = |text: &str| written(|w| w.time(text.parse().unwrap()));
        assert_eq!(time("2049-12-31T23:59:59Z"), b"\x17\x0d491231235959Z");
        assert_eq!(time("2050-01-01T00:00:00Z"), b"\x18\x0f20500101000000Z");
        assert_eq!(time("1950-01-01T00:00:00Z"), b"\x17\x0d500101000000Z");
        assert_eq!(time("1949-12-31T23:59:59Z"), b"\x18\x0f19491231235959Z");
        assert_eq!(time("9999-12-31T23:59:59Z"), b"\x18\x0f99991231235959Z");
    }

    #[test]
    fn lengths_that_der_forbids_are_refused() {
        for bytes in [
            &[4u8, 0x80, 0, 0][..],
            &[4, 0x81, 0x7f],
            &[4, 0x82, 0, 0x80],
            &[4, 0x85, 0, 0, 0, 0, 0],
            &[4, 2, 1],
            &[4],
            &[0x1f, 1, 0],
        ] {
            assert!(Reader::new(bytes).any().is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn times_that_do_not_exist_are_refused() {
        for text in ["230230000000Z", "231301000000Z", "230101240000Z", "230101000060Z", "2301010000Z", "230101000000+"]
        {
            assert_eq!(time_value(tag::UTC_TIME, text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_come_back(seconds in Timestamp::MIN.unix()..=Timestamp::MAX.unix()) {
            let at = Timestamp::from_unix(seconds);
            prop_assert_eq!(Reader::new(&written(|w| w.time(at))).time(), Ok(at));
        }

        #[test]
        fn elements_come_back_and_nothing_is_left(tag in 0u8..0x1f, content: Vec<u8>) {
            let der = written(|w| w.tlv(tag, &content));
            let mut reader = Reader::new(&der);
            let element = reader.any().unwrap();
            prop_assert_eq!(element.tag, tag);
            prop_assert_eq!(element.content, &content[..]);
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn reading_never_panics(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.any().is_ok() {}
            for tag in [tag::UTC_TIME, tag::GENERALIZED_TIME] {
                let _ = time_value(tag, &bytes);
            }
        }
    }
}
