//! What others can check without the registry: proofs and exported logs.

use super::*;

#[test]
fn a_proof_shows_one_event_to_somebody_with_the_public_key_alone() {
    let site = Site::busy(4_100);
    let notes = [site.checkpoint(), {
        site.record(5_000);
        site.checkpoint()
    }];
    site.record(1);
    let (events, key) = (site.events(), site.key());
    for at in [0, 1, 4_095, 4_096, 4_099, 5_000, 8_191, 8_192, 9_099] {
        let shown = site.registry.events().prove(events[at].id).unwrap();
        assert!(shown.event.contains(&events[at].id.to_string()));
        verify_event(&shown.event, &shown.proof, &key).unwrap();
        let forged = shown.event.replace("auditor", "someone");
        assert_eq!(code(verify_event(&forged, &shown.proof, &key)), "event.proof_invalid");
        let other = site.registry.events().prove(events[at + 1 - 2 * (at % 2)].id).unwrap();
        assert_eq!(code(verify_event(&shown.event, &other.proof, &key)), "event.proof_invalid");
        let line = shown.proof.lines().nth(3).unwrap();
        let damaged = shown.proof.replace(line, &line.replace(['A', 'a', '0'], "b"));
        assert!(damaged == shown.proof || verify_event(&shown.event, &damaged, &key).is_err());
    }
    assert_eq!(code(site.registry.events().prove(events[9_100].id)), "event.not_covered");
    let stranger = Site::busy(1).events()[0].id;
    // The same sealing key and clock do not make the same registry.
    assert_eq!(code(site.registry.events().prove(stranger)), "input.unknown_id");

    let grown = site.registry.events().prove_consistency(1, 2).unwrap();
    verify_consistency(&notes[0].note, &grown, &key).unwrap();
    assert_eq!(code(verify_consistency(&notes[1].note, &grown, &key)), "event.proof_invalid");
    assert_eq!(code(site.registry.events().prove_consistency(2, 1)), "input.invalid");
    assert_eq!(code(site.registry.events().prove_consistency(1, 3)), "event.no_checkpoint");
    let other = Site::busy(1);
    other.checkpoint();
    assert_eq!(code(verify_consistency(&notes[0].note, &grown, &other.key())), "event.note_invalid");
    for text in ["", "x", "\n\n", "old 4100\n\n", "c2sp.org/tlog-proof@v1\nindex 0\n\n"] {
        assert!(verify_event("{}", text, &key).is_err() && verify_consistency(&notes[0].note, text, &key).is_err());
    }
    assert_eq!(code(verify_event("{}", &grown, "key")), "input.invalid");
}

#[test]
fn an_exported_log_verifies_by_itself_and_shows_what_was_changed() {
    let site = Site::busy(50);
    site.checkpoint();
    site.record(60);
    site.checkpoint();
    let key = site.key();
    let verify = |bytes: &[u8]| verify_export(&mut &bytes[..], &key).unwrap();
    let whole = site.exported(None);
    let found = verify(&whole);
    assert_eq!((found.events, found.checkpoints, found.uncovered, found.first), (110, 2, 0, None));
    let tail = site.exported(Some(1));
    let found = verify(&tail);
    assert_eq!((found.events, found.pruned, found.last_checkpoint, found.first), (60, 50, Some(2), None));
    // Files that follow each other are one.
    let lines: Vec<&[u8]> = whole.split_inclusive(|octet| *octet == b'\n').collect();
    assert_eq!(lines.len(), 1 + 110 + 2);
    let joined = [&lines[..52].concat()[..], &tail].concat();
    assert_eq!((verify(&joined).events, verify(&joined).first), (110, None));

    let with = |at: usize, line: &[u8]| {
        let mut lines = lines.clone();
        lines[at] = line;
        verify(&lines.concat()).first.map(|problem| (problem.what, problem.line, problem.checkpoint))
    };
    let altered = String::from_utf8(lines[20].to_vec()).unwrap().replace("auditor", "nobody");
    assert_eq!(with(20, altered.as_bytes()), Some((Tampering::Altered, Some(52), Some(1))));
    assert_eq!(with(20, b""), Some((Tampering::Missing, Some(51), Some(1))));
    assert_eq!(with(20, &[lines[20], lines[20]].concat()), Some((Tampering::Added, Some(53), Some(1))));
    assert_eq!(with(20, b"no json\n"), Some((Tampering::Altered, Some(21), None)));
    assert_eq!(with(51, b""), None, "a checkpoint may be left out");
    let forged = String::from_utf8(lines[51].to_vec()).unwrap().replace("checkpoint 1", "checkpoint 7");
    assert_eq!(with(51, forged.as_bytes()), Some((Tampering::CheckpointBroken, Some(52), None)));
    assert_eq!(with(0, b""), Some((Tampering::Missing, Some(1), None)));
    let cut = verify(&lines[..100].concat());
    let problem = cut.first.unwrap();
    assert_eq!((cut.uncovered, cut.last_checkpoint), (48, Some(1)), "a file that is cut ends with events not covered");
    assert_eq!((problem.what, problem.line), (Tampering::Missing, Some(101)));
    // Nothing, or only where something would begin, is no log either. Up to a checkpoint, it is a shorter one.
    for rest in [0, 1] {
        let problem = verify(&lines[..rest].concat()).first.unwrap();
        assert_eq!((problem.what, problem.line), (Tampering::Missing, Some(rest as u64 + 1)));
    }
    let shorter = verify(&lines[..52].concat());
    assert_eq!((shorter.last_checkpoint, shorter.first), (Some(1), None));
    let begun = verify(&[&tail[..], &tail[..=tail.iter().position(|octet| *octet == b'\n').unwrap()]].concat());
    assert_eq!(begun.first.map(|problem| problem.what), Some(Tampering::Missing), "what began again has no end");
    assert_eq!(code(site.registry.events().export_log(Some(9), &mut Vec::new())), "event.no_checkpoint");
}

#[test]
fn what_others_write_into_an_exported_log_or_leave_out_of_it_is_told() {
    let site = Site::busy(7);
    site.checkpoint();
    site.record(6);
    site.checkpoint();
    let (whole, key) = (String::from_utf8(site.exported(None)).unwrap(), site.key());
    let lines: Vec<&str> = whole.lines().collect();
    let verify = |lines: &[&str]| verify_export(&mut lines.join("\n").as_bytes(), &key).unwrap();
    let with = |line: &str, field: &str, value: serde_json::Value| {
        let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
        json[field] = value;
        json.to_string()
    };
    // A header that says more than where the log begins, at its beginning and further on.
    let forged = with(lines[0], "action", "certificate.revoke".into());
    for forged in [&forged[..], &lines[0].replacen('{', r#"{"from":9,"#, 1)] {
        let problem = verify(&[forged, lines[1]]).first.unwrap();
        assert_eq!((problem.what, problem.line), (Tampering::Altered, Some(1)));
        assert_eq!(verify(&[lines[0], forged, lines[1]]).first.unwrap().line, Some(2));
    }
    let newest = lines[lines.len() - 1];
    let told = with(newest, "action", "certificate.revoke".into());
    let changed = [&lines[..lines.len() - 1], &[&*told]].concat();
    assert_eq!(verify(&changed).first.unwrap().what, Tampering::CheckpointBroken);
    // More leaves than can be counted.
    // By hand, in the order in which the log writes: another order is refused before the size is looked at.
    let hashes = vec![format!("\"{}=\"", "A".repeat(43)); 64].join(",");
    let endless =
        lines[0].replacen(r#""frontier":[],"from":0"#, &format!(r#""frontier":[{hashes}],"from":{}"#, u64::MAX), 1);
    assert_ne!(endless, lines[0]);
    assert_eq!(verify(&[&endless, lines[1]]).first.unwrap().what, Tampering::Altered);
    // All events are gone; then those since the first checkpoint, with the proof that the second one continues it.
    assert_eq!(verify(&[lines[0], newest]).first.unwrap().what, Tampering::Missing);
    let proof = site.registry.events().prove_consistency(1, 2).unwrap();
    let path: Vec<&str> = proof.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    let continued = with(newest, "proof", path.into());
    let first = lines.iter().position(|line| line.contains("checkpoint\"")).unwrap();
    let cut = verify(&[&lines[..=first], &[&*continued]].concat());
    assert_eq!((cut.first.unwrap().what, cut.last_checkpoint), (Tampering::Missing, Some(1)));
    // As it would begin behind the first.
    let tail = String::from_utf8(site.exported(Some(1))).unwrap();
    let empty = verify(&[tail.lines().next().unwrap(), &*continued]);
    assert_eq!((empty.first.unwrap().what, empty.last_checkpoint), (Tampering::Missing, None));
}

#[test]
fn one_flipped_bit_anywhere_in_an_exported_log_is_noticed_and_no_bytes_make_it_panic() {
    let site = Site::busy(7);
    let first = site.checkpoint();
    site.record(6);
    site.checkpoint();
    let (whole, key) = (site.exported(None), site.key());
    let shown = site.registry.events().prove(site.events()[3].id).unwrap();
    let grown = site.registry.events().prove_consistency(1, 2).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        let found = verify_export(&mut &flipped[..], &key).unwrap();
        assert!(found.first.is_some(), "bit {} of octet {at}", at % 8);
        verify_export(&mut &flipped[at..], &key).unwrap();
    }
    for at in 0..shown.proof.len() {
        let mut flipped = shown.proof.clone().into_bytes();
        flipped[at] ^= 1 << (at % 7);
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        assert!(verify_event(&shown.event, &flipped, &key).is_err() || at > shown.proof.len() - 2, "octet {at}");
    }
    for at in 0..grown.len() {
        let mut flipped = grown.clone().into_bytes();
        flipped[at] ^= 1 << (at % 7);
        let Ok(flipped) = String::from_utf8(flipped) else { continue };
        assert!(verify_consistency(&first.note, &flipped, &key).is_err() || at > grown.len() - 2, "octet {at}");
    }
}
