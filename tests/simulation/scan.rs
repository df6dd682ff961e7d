//! A second look at the disk, written from the drawing of the format alone: what do the
//! bytes themselves prove to have been durable?

use journal::simulation::disk::Disk;

const FRAME_HEADER: usize = 32;
const SEGMENT_HEADER: usize = 64;
const MARK_SLOTS: [usize; 2] = [0, 4096];

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The first offset that neither a whole frame nor the mark proves.
pub fn proven(disk: &Disk) -> u64 {
    let folder = disk.path().join("journal");
    let mut proven = 0;
    for name in disk.names(&folder).unwrap_or_default() {
        let bytes = disk.bytes(&folder.join(&name)).unwrap_or_default();
        if name == "mark" {
            proven = proven.max(of_mark(&bytes));
        } else if name.ends_with(".journal") && SEGMENT_HEADER <= bytes.len() {
            proven = proven.max(of_segment(&bytes));
        }
    }
    proven
}

fn of_mark(bytes: &[u8]) -> u64 {
    let slots = MARK_SLOTS.iter().filter_map(|at| bytes.get(*at..*at + 64));
    let good = slots.filter(|slot| {
        let sum = crc32c::crc32c_append(crc32c::crc32c(&slot[..12]), &slot[16..]);
        u32_at(slot, 12) == sum && slot[52] == 1
    });
    good.map(|slot| u64_at(slot, 40) + 1).max().unwrap_or(0)
}

fn of_segment(bytes: &[u8]) -> u64 {
    let seed = crc32c::crc32c(&bytes[16..32]);
    let mut proven = 0;
    let mut at = SEGMENT_HEADER;
    while at + FRAME_HEADER <= bytes.len() {
        let length = u32_at(bytes, at) as usize;
        if FRAME_HEADER <= length && length <= bytes.len() - at {
            let sum = crc32c::crc32c_append(seed, &bytes[at + 8..at + length]);
            if sum == u32_at(bytes, at + 4) {
                let (offset, lag) = (u64_at(bytes, at + 8), u32_at(bytes, at + 28));
                proven = proven.max(offset.saturating_sub(u64::from(lag)));
            }
        }
        at += 16;
    }
    proven
}
