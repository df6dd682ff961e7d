//! A power cut, simulated: what was synced is there, and of what was not, any pages.
//!
//! The image of the disk is what the files held when everything was durable, plus a
//! seeded random subset of the 4 KiB pages that changed since. A canary plants a disk
//! that lies about its syncs and must be found out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::frame::Record;
use crate::open::{create, open};
use crate::reader::Reader;
use crate::recovery::folder_in;
use crate::tests::life::{append, payload_of, read_all, small, wait_durable};
use crate::writer::{AppendError, Class, Writer};

const PAGE: usize = 4096;

/// The files of a journal folder.
type Image = BTreeMap<OsString, Vec<u8>>;

fn is_named(name: &OsString, ending: &str) -> bool {
    name.to_str().is_some_and(|name| name.ends_with(ending))
}

fn image_of(dir: &Path) -> Image {
    let mut image = Image::new();
    for entry in fs::read_dir(folder_in(dir)).expect("it exists") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("it has a name").to_os_string();
        // A spare may be renamed meanwhile; then its frames were not durable anyway.
        if !is_named(&name, ".tmp")
            && let Ok(bytes) = fs::read(&path)
        {
            image.insert(name, bytes);
        }
    }
    image
}

/// The same with the spares as they were made: nothing in a spare is durable.
fn synced_image_of(dir: &Path) -> Image {
    let mut image = image_of(dir);
    for (name, bytes) in &mut image {
        if is_named(name, ".spare") {
            bytes.fill(0);
        }
    }
    image
}

/// The disk after the cut.
fn cut(synced: &Image, now: &Image, random: &mut StdRng) -> Image {
    let share = random.random_range(0.0..1.0);
    let mut disk = synced.clone();
    for (name, bytes) in &mut disk {
        let Some(newer) = now.get(name) else { continue };
        for (page, newer) in bytes.chunks_mut(PAGE).zip(newer.chunks(PAGE)) {
            if random.random_bool(share) {
                page.copy_from_slice(newer);
            }
        }
    }
    disk
}

fn restore(image: &Image, dir: &Path) {
    fs::create_dir_all(folder_in(dir)).expect("space is left");
    for (name, bytes) in image {
        fs::write(folder_in(dir).join(name), bytes).expect("space is left");
    }
}

/// Starts on the image, goes on, and checks that nothing promised is lost.
fn check(image: &Image, promised: u64) -> Result<(), String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    restore(image, dir.path());
    let mut opened = open(dir.path(), &small()).map_err(|error| error.to_string())?;
    let next = opened.writer.next().0;
    if next < promised {
        return Err(format!("{next} of {promised} frames are left"));
    }
    append(&mut opened.writer, 40);
    wait_durable(&opened.writer);
    opened
        .writer
        .close()
        .map_err(|failure| failure.to_string())?;
    let mut reader = Reader::open(dir.path(), Offset(0)).map_err(|error| error.to_string())?;
    while reader.next().map_err(|error| error.to_string())?.is_some() {}
    drop(reader);
    match read_all(dir.path(), 0) {
        read if read == next + 40 => Ok(()),
        read => Err(format!("{read} frames read, {} written", next + 40)),
    }
}

/// Appends up to `count` frames without handing them to the sync thread; stops after a
/// roll, which makes all before it durable.
fn append_unsynced(writer: &mut Writer, count: u64) {
    let durable = writer.durable().get();
    for _ in 0..count {
        let offset = writer.next().0;
        let payload = payload_of(offset);
        let record = Record {
            time: TimeNs(1_000 + offset),
            kind: 7,
            ver: 2,
            payload: &payload,
        };
        match writer.append(&record, Class::Order) {
            Ok(_) => {}
            Err(AppendError::NotReady) => return,
            Err(error) => panic!("append at {offset}: {error}"),
        }
        if writer.durable().get() != durable {
            return;
        }
    }
}

/// Runs `rounds` cuts; `lies` keeps the image of one round before as the synced one.
fn cuts(seed: u64, rounds: u32, lies: bool) -> Result<(), String> {
    let mut random = StdRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().expect("a temporary folder");
    create(dir.path(), &small(), Offset(0)).expect("the folder is empty");
    let mut opened = open(dir.path(), &small()).expect("it was just made");
    let writer = &mut opened.writer;
    let mut stale = synced_image_of(dir.path());
    for round in 0..rounds {
        append(writer, random.random_range(1..120));
        wait_durable(writer);
        append_unsynced(writer, random.random_range(0..700));
        let promised = writer.durable().get();
        // The synced image holds the frames below `promised` and zeros behind them.
        let now = image_of(dir.path());
        let synced = without_frames_from(synced_image_of(dir.path()), promised, dir.path());
        let base = if lies { &stale } else { &synced };
        let image = cut(base, &now, &mut random);
        check(&image, promised).map_err(|what| format!("seed {seed}, round {round}: {what}"))?;
        stale = synced;
    }
    Ok(())
}

/// Zeroes what stands behind the frame before `promised`.
fn without_frames_from(mut image: Image, promised: u64, dir: &Path) -> Image {
    let Some(newest) = image
        .keys()
        .rfind(|name| is_named(name, ".journal"))
        .cloned()
    else {
        return image;
    };
    let bytes = image.get_mut(&newest).expect("the name is from the image");
    let id = crate::recovery::inspect(dir)
        .expect("a journal")
        .recovery
        .id;
    let mut at = crate::segment::HEADER_BYTES;
    while let Ok(frame) = crate::frame::Frame::decode(&bytes[at..], id.seed())
        && frame.offset.0 < promised
    {
        at += frame.span();
    }
    bytes[at..].fill(0);
    image
}

#[test]
fn a_power_cut_keeps_all_that_was_durable_whatever_else_it_keeps() {
    for seed in 1..=6 {
        println!("seed {seed}");
        cuts(seed, 12, false).expect("nothing promised is lost");
    }
}

#[test]
fn canary_a_disk_that_lies_about_its_syncs_is_found_out() {
    let found = (1..=10).any(|seed| cuts(seed, 12, true).is_err());
    assert!(found, "the simulated power cut notices nothing");
}
