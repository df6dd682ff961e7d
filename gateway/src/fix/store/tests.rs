//! A store that is killed, cut, filled, reset and repeated.

use super::{Bounds, FileStore};
use crate::fix::execution::ReportId;
use ironfix_core::message::MsgType;
use ironfix_store::MessageStore;
use std::fs;
use std::path::Path;

const SMALL: Bounds = Bounds {
    segment_bytes: 400,
    segments: 3,
};

fn frame(number: u64) -> Vec<u8> {
    format!("8=FIX.4.4\x019=1\x0135=8\x0134={number}\x0117={number}-2\x0110=000\x01").into()
}

async fn send(store: &FileStore, number: u64) {
    let kind = MsgType::ExecutionReport;
    let frame = frame(number);
    let sent = store.file_outbound(number, &kind, &frame, number + 1);
    sent.await.expect("the disk takes it");
}

async fn numbers(store: &FileStore) -> Vec<u64> {
    let page = store.get_page(1, u64::MAX, usize::MAX).await;
    let page = page.expect("messages are whole");
    for message in &page {
        assert_eq!(message.payload()[..], frame(message.seq_num())[..]);
    }
    page.iter().map(|message| message.seq_num()).collect()
}

fn open(dir: &Path, bounds: Bounds) -> FileStore {
    FileStore::open(dir, bounds).expect("a folder of the test")
}

#[tokio::test]
async fn everything_is_there_after_the_process_was_killed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(dir.path(), Bounds::default());
    for number in 1..=5 {
        send(&store, number).await;
    }
    store.set_next_target_seq(9).await.expect("written");
    store.set_app_watermark(8).await.expect("written");
    // No sync, no close: what the operating system has is enough.
    std::mem::forget(store);
    let again = open(dir.path(), Bounds::default());
    assert_eq!(numbers(&again).await, [1, 2, 3, 4, 5]);
    assert_eq!((again.next_sender_seq(), again.next_target_seq()), (6, 9));
    assert_eq!(again.app_watermark(), 8);
    assert_eq!(again.told(), ReportId::parse("5-2"));
}

#[tokio::test]
async fn a_tail_cut_at_any_byte_gives_an_exact_beginning() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(dir.path(), Bounds::default());
    for number in 1..=4 {
        send(&store, number).await;
    }
    drop(store);
    let path = dir.path().join(format!("{:020}.log", 0));
    let whole = fs::read(&path).expect("the segment");
    let mut seen = Vec::new();
    for length in 0..=whole.len() {
        let cut = tempfile::tempdir().expect("a temporary folder");
        fs::write(cut.path().join(format!("{:020}.log", 0)), &whole[..length]).expect("cut");
        let store = open(cut.path(), Bounds::default());
        let kept = numbers(&store).await;
        assert_eq!(kept, (1..store.next_sender_seq()).collect::<Vec<_>>());
        seen.push(kept.len());
    }
    assert!(seen.is_sorted(), "more bytes are never fewer messages");
    assert_eq!((seen[0], seen.last()), (0, Some(&4)));
}

#[tokio::test]
async fn old_messages_go_and_numbers_stay() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(dir.path(), SMALL);
    for number in 1..=200 {
        send(&store, number).await;
    }
    let kept = numbers(&store).await;
    assert_eq!(kept.last(), Some(&200));
    assert!(kept.len() < 30 && kept.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    let files = fs::read_dir(dir.path()).expect("the folder").count();
    assert_eq!(files, SMALL.segments);
    drop(store);
    assert_eq!(open(dir.path(), SMALL).next_sender_seq(), 201);
}

#[tokio::test]
async fn a_reset_forgets_messages_but_not_what_was_told() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(dir.path(), SMALL);
    for number in 1..=20 {
        send(&store, number).await;
    }
    store.set_reset_owed(true).await.expect("written");
    store.reset().await.expect("written");
    drop(store);
    let again = open(dir.path(), SMALL);
    assert_eq!((again.next_sender_seq(), again.next_target_seq()), (1, 1));
    assert!(again.reset_owed() && numbers(&again).await.is_empty());
    assert_eq!(again.told(), ReportId::parse("20-2"));
}

#[tokio::test]
async fn a_number_filed_again_holds_the_newer_message() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = open(dir.path(), Bounds::default());
    for number in [1, 2, 3, 2] {
        send(&store, number).await;
    }
    assert_eq!(numbers(&store).await, [1, 2]);
}
