//! Directories in which something is wrong: named with file and offset, never a signal.

use crate::venue::{Plan, busy, first_file, flip, genesis, json, said, write};

#[test]
fn a_flipped_bit_is_found_with_segment_and_offset() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(
        dir.path(),
        &busy(60),
        &Plan {
            without_events: true,
            ..Plan::default()
        },
    );
    let segment = first_file(&dir.path().join("journal"), "journal");
    let whole = std::fs::read(&segment).expect("a segment");
    let used = whole.iter().rposition(|byte| *byte != 0).expect("frames") + 1;
    let mut last = 0;
    // A prime step reaches every field of frames of every length.
    for position in (0..used).step_by(211) {
        flip(&segment, position);
        let (code, finding) = json(&["verify"], &[dir.path()]);
        // Padding and bytes behind the header's fields belong to nobody.
        if code == 0 {
            assert_eq!(finding["frames"], 69, "byte {position}: {finding}");
        } else {
            assert_eq!(code, 1, "byte {position}: {finding}");
            let offset = finding["finding"]["offset"].as_u64().expect("an offset");
            assert!(last <= offset, "byte {position}: {finding}");
            last = offset;
            let path = segment.display().to_string();
            assert_eq!(
                finding["finding"]["segment"],
                path.as_str(),
                "byte {position}"
            );
            assert!(
                finding["finding"]["reason"]
                    .as_str()
                    .is_some_and(|it| !it.is_empty())
            );
            assert_eq!(finding["good_frames"].as_u64().expect("a number"), offset);
        }
        std::fs::write(&segment, &whole).expect("the file can be written");
    }
    assert_eq!(last, 68, "the last frame is reached");
}

#[test]
fn a_segment_cut_anywhere_is_a_finding() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(
        dir.path(),
        &busy(60),
        &Plan {
            without_events: true,
            ..Plan::default()
        },
    );
    let segment = first_file(&dir.path().join("journal"), "journal");
    let whole = std::fs::read(&segment).expect("a segment");
    let used = whole.iter().rposition(|byte| *byte != 0).expect("frames") + 1;
    for length in (0..used).step_by(307) {
        std::fs::write(&segment, &whole[..length]).expect("the file can be written");
        for words in [vec!["verify"], vec!["dump"], vec!["root", "--at", "68"]] {
            let (code, text) = said(&words, &[dir.path()]);
            assert_eq!(code, 1, "{length} bytes, {words:?}: {text}");
        }
    }
}

#[test]
fn a_torn_tail_is_told_and_no_finding() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(60), &Plan::default());
    let segment = first_file(&dir.path().join("journal"), "journal");
    let mut bytes = std::fs::read(&segment).expect("a segment");
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("frames") + 1;
    let torn = used.next_multiple_of(16);
    bytes[torn + 8..torn + 40].fill(7);
    std::fs::write(&segment, &bytes).expect("the file can be written");
    let (code, report) = json(&["verify"], &[dir.path()]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["torn"]["offset"], 69, "{report}");
    assert_eq!(report["frames"], 69);
    assert_eq!(
        std::fs::read(&segment).expect("a segment"),
        bytes,
        "nothing is cut"
    );
}

#[test]
fn another_answer_in_the_event_log_is_found() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    write(dir.path(), &busy(60), &Plan::default());
    let events = first_file(&dir.path().join("events"), "events");
    let bytes = std::fs::read(&events).expect("a file");
    // The first byte of 16 is never padding.
    flip(&events, bytes.len() / 32 * 16);
    let (code, finding) = json(&["verify"], &[dir.path()]);
    assert_eq!(code, 1, "{finding}");
    assert_eq!(
        finding["finding"]["segment"],
        events.display().to_string().as_str()
    );
    // The log of other commands verifies by itself and answers differently.
    let other = tempfile::tempdir().expect("a temporary directory");
    let mut commands = busy(60);
    commands.swap(4, 5);
    write(other.path(), &commands, &Plan::default());
    let others = std::fs::read(first_file(&other.path().join("events"), "events")).expect("it");
    std::fs::write(&events, others).expect("the file can be written");
    let (code, finding) = json(&["verify"], &[dir.path()]);
    assert_eq!(
        (code, finding["finding"]["offset"].as_u64()),
        (1, Some(4)),
        "{finding}"
    );
}

#[test]
fn an_answer_to_a_lost_command_is_found() {
    let (dir, longer) = (
        tempfile::tempdir().expect("one"),
        tempfile::tempdir().expect("two"),
    );
    write(
        dir.path(),
        &genesis(),
        &Plan {
            without_events: true,
            ..Plan::default()
        },
    );
    write(longer.path(), &busy(30), &Plan::default());
    let events = first_file(&longer.path().join("events"), "events");
    let target = dir.path().join("events");
    std::fs::create_dir_all(&target).expect("a folder");
    std::fs::copy(&events, target.join(events.file_name().expect("a name"))).expect("a copy");
    let (code, finding) = json(&["verify"], &[dir.path()]);
    assert_eq!(code, 1, "{finding}");
    assert_eq!(finding["finding"]["offset"], 8, "{finding}");
}
