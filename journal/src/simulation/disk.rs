//! The disk: a tree of inodes, what goes wrong with it, and what is counted.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::bell::hold;
use crate::files::Mode;
use crate::simulation::dice::Dice;
use crate::simulation::handle::Handle;
use crate::simulation::inode::{FileNode, Folder, Id, Inode, Mischief, PAGE};
use crate::simulation::{mount, unmount};

/// How a node ends without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed: the page cache stays.
    Kill,
    /// The power is cut: what was not synced is there or not, sector by sector.
    Power,
}

/// A planted fault of the code above, done where it meets the disk. Each must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canary {
    /// Segments are never synced.
    NoSync,
    /// Folders are never synced.
    NoFolderSync,
    /// Recovery does not write back what the cache has already.
    NoWriteBack,
    /// Recovery leaves the torn tail where it is.
    TailNotCut,
    /// Recovery cuts 64 bytes too early.
    CutTooEarly,
    /// The mark is written before the data that it vouches for.
    MarkAhead,
}

/// What goes wrong by itself, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// The n-th sync from now fails with EIO, 1 = the next.
    pub sync_fails_in: Option<u64>,
    /// The n-th sync of a segment from now loses one sector and says Ok.
    pub loses_in: Option<u64>,
    /// The n-th sync of a segment from now writes one sector to a wrong place and says Ok.
    pub misdirects_in: Option<u64>,
    /// The process is killed in the n-th call from now that changes something.
    pub dies_in: Option<u64>,
    /// Bytes the disk has room for; `None` = any.
    pub capacity: Option<u64>,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub syncs: u64,
    pub failed_syncs: u64,
    pub full: u64,
    pub lost: u64,
    pub misdirected: u64,
}

/// A simulated disk, mounted until dropped.
pub struct Disk {
    shelf: Arc<Shelf>,
    path: PathBuf,
}

/// What the mount table and open files share.
pub(crate) struct Shelf {
    state: Mutex<State>,
}

pub(crate) struct State {
    inodes: Vec<Option<Inode>>,
    dice: Dice,
    plan: Plan,
    tally: Tally,
    canary: Option<Canary>,
    /// A start is under way, for canaries of recovery.
    recovering: bool,
    /// Nothing gets through any more: the process is gone.
    dead: bool,
    /// Counts crashes, so that a file opened before one is known.
    pub(crate) life: u64,
    /// Files that are locked.
    pub(crate) locks: Vec<Id>,
}

const ROOT: Id = 0;

impl Disk {
    /// An empty disk with one folder to work in.
    pub fn mount(dice: Dice) -> Disk {
        let state = State {
            inodes: vec![Some(Inode::Folder(Folder::default()))],
            dice,
            plan: Plan::default(),
            tally: Tally::default(),
            canary: None,
            recovering: false,
            dead: false,
            life: 0,
            locks: Vec::new(),
        };
        let shelf = Arc::new(Shelf {
            state: Mutex::new(state),
        });
        let path = mount(&shelf);
        Disk { shelf, path }
    }

    /// Where it lies; paths below are on it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What will go wrong from here on.
    pub fn plan(&self, plan: Plan) {
        self.shelf.hold().plan = plan;
    }

    /// What is still to go wrong.
    pub fn planned(&self) -> Plan {
        self.shelf.hold().plan
    }

    /// Plants a fault of the code above.
    pub fn plant(&self, canary: Option<Canary>) {
        self.shelf.hold().canary = canary;
    }

    /// Says that a start begins or is over, for the canaries of recovery.
    pub fn recovering(&self, yes: bool) {
        self.shelf.hold().recovering = yes;
    }

    /// Whether the process was killed in the middle of a call.
    pub fn is_dead(&self) -> bool {
        self.shelf.hold().dead
    }

    /// What happened so far.
    pub fn tally(&self) -> Tally {
        self.shelf.hold().tally
    }

    /// Bytes that files take.
    pub fn used(&self) -> u64 {
        self.shelf.hold().used()
    }

    /// From here on every call fails, as if the process were not there any more. The node
    /// is dropped now, then [`Disk::restart`].
    pub fn stop(&self) {
        self.shelf.hold().dead = true;
    }

    /// The machine is there again, with what the crash has left.
    pub fn restart(&self, crash: Crash) {
        let mut state = self.shelf.hold();
        state.dead = false;
        state.life += 1;
        state.locks.clear();
        if crash == Crash::Kill {
            return;
        }
        let mut dice = state.dice.split();
        for inode in state.inodes.iter_mut().flatten() {
            if let Inode::Folder(folder) = inode {
                folder.after_power_cut(&mut dice);
            }
        }
        state.forget_unnamed();
        for place in &mut state.inodes {
            *place = match place.take() {
                Some(Inode::File(file)) => Some(Inode::File(file.after_power_cut(&mut dice))),
                other => other,
            };
        }
    }

    /// The bytes of a file, as programs see them.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn bytes(&self, path: &Path) -> io::Result<Vec<u8>> {
        crate::files::read(path)
    }

    /// Changes bytes of a file behind everybody's back, on the platter too.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn damage(&self, path: &Path, at: usize, bytes: &[u8]) -> io::Result<()> {
        let inside = path.strip_prefix(&self.path).unwrap_or(path);
        let mut state = self.shelf.hold();
        let id = state.find(inside)?;
        let file = state.file(id)?;
        assert!(at + bytes.len() <= file.bytes);
        file.memory.write(at, bytes);
        if file.platter.len() < at + bytes.len() {
            file.platter.resize(at + bytes.len(), 0);
        }
        file.platter[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Names in a folder, sorted.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inside = folder.strip_prefix(&self.path).unwrap_or(folder);
        self.shelf.entries(inside)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.path);
    }
}

impl State {
    fn used(&self) -> u64 {
        let files = self.inodes.iter().flatten().map(|inode| match inode {
            Inode::File(file) => file.bytes.next_multiple_of(PAGE) as u64,
            Inode::Folder(_) => 0,
        });
        files.sum()
    }

    /// ENOSPC when `more` bytes do not fit.
    pub(crate) fn reserve(&mut self, more: usize) -> io::Result<()> {
        let Some(capacity) = self.plan.capacity else {
            return Ok(());
        };
        if self.used() + more as u64 <= capacity {
            return Ok(());
        }
        self.tally.full += 1;
        Err(io::Error::from_raw_os_error(libc::ENOSPC))
    }

    /// Every call that changes something asks first.
    pub(crate) fn alive(&mut self) -> io::Result<()> {
        self.dead |= due(&mut self.plan.dies_in);
        if self.dead {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        Ok(())
    }

    pub(crate) fn canary(&self) -> Option<Canary> {
        self.canary
    }

    pub(crate) fn recovery_canary(&self) -> Option<Canary> {
        self.canary.filter(|_| self.recovering)
    }

    fn inode(&mut self, id: Id) -> io::Result<&mut Inode> {
        let inode = self.inodes.get_mut(id).and_then(Option::as_mut);
        inode.ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))
    }

    pub(crate) fn file(&mut self, id: Id) -> io::Result<&mut FileNode> {
        match self.inode(id)? {
            Inode::File(file) => Ok(file),
            Inode::Folder(_) => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        }
    }

    fn folder(&mut self, id: Id) -> io::Result<&mut Folder> {
        match self.inode(id)? {
            Inode::Folder(folder) => Ok(folder),
            Inode::File(_) => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
        }
    }

    fn find(&mut self, inside: &Path) -> io::Result<Id> {
        let mut id = ROOT;
        for part in inside.components() {
            let Component::Normal(name) = part else {
                continue;
            };
            let name = name.to_string_lossy();
            let found = self.folder(id)?.names.get(name.as_ref()).copied();
            id = found.ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))?;
        }
        Ok(id)
    }

    /// The folder of a path, and the last part of its name.
    fn parent(&mut self, inside: &Path) -> io::Result<(Id, String)> {
        let folder = self.find(inside.parent().unwrap_or(Path::new("")))?;
        let name = inside.file_name().unwrap_or_default().to_string_lossy();
        Ok((folder, name.into_owned()))
    }

    fn make(&mut self, inode: Inode) -> Id {
        self.inodes.push(Some(inode));
        self.inodes.len() - 1
    }

    /// Frees what no name leads to. Called only when no program runs.
    fn forget_unnamed(&mut self) {
        let mut reached = vec![false; self.inodes.len()];
        let mut waiting = vec![ROOT];
        while let Some(id) = waiting.pop() {
            reached[id] = true;
            if let Some(Inode::Folder(folder)) = &self.inodes[id] {
                waiting.extend(folder.names.values());
            }
        }
        for (id, reached) in reached.into_iter().enumerate() {
            if !reached {
                self.inodes[id] = None;
            }
        }
    }

    /// One sync of a file, with what is planned for it.
    pub(crate) fn sync(&mut self, id: Id, is_segment: bool) -> io::Result<()> {
        self.tally.syncs += 1;
        let mut dice = self.dice.split();
        if due(&mut self.plan.sync_fails_in) {
            self.tally.failed_syncs += 1;
            self.file(id)?.fail_sync(&mut dice);
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        if self.canary == Some(Canary::NoSync) && is_segment {
            return Ok(());
        }
        let mut mischief = None;
        if is_segment && due(&mut self.plan.loses_in) {
            mischief = Some(Mischief::Lost);
        } else if is_segment && due(&mut self.plan.misdirects_in) {
            mischief = Some(Mischief::Misdirected);
        }
        let done = self.file(id)?.sync(mischief.map(|what| (what, &mut dice)));
        match mischief {
            Some(Mischief::Lost) => self.tally.lost += u64::from(done),
            Some(Mischief::Misdirected) => self.tally.misdirected += u64::from(done),
            None => {}
        }
        Ok(())
    }
}

/// Counts down; true when it comes to nothing.
fn due(left: &mut Option<u64>) -> bool {
    *left = left.map(|left| left.saturating_sub(1));
    if *left == Some(0) {
        *left = None;
        return true;
    }
    false
}

impl Shelf {
    pub(crate) fn hold(&self) -> MutexGuard<'_, State> {
        hold(&self.state)
    }

    pub(crate) fn open(self: &Arc<Shelf>, inside: &Path, mode: Mode) -> io::Result<Handle> {
        let mut state = self.hold();
        state.alive()?;
        let id = match state.find(inside) {
            Ok(id) => id,
            Err(error) if matches!(mode, Mode::Read | Mode::Write) => return Err(error),
            Err(_) => {
                let (folder, name) = state.parent(inside)?;
                state.reserve(PAGE)?;
                let id = state.make(Inode::File(FileNode::new()));
                state.folder(folder)?.change(vec![(name, Some(id))]);
                id
            }
        };
        if mode == Mode::Create {
            state.file(id)?.set_len(0);
        }
        let life = state.life;
        drop(state);
        let is_segment = inside
            .parent()
            .is_some_and(|folder| folder.ends_with("journal"))
            && inside
                .extension()
                .is_some_and(|ending| ending == "journal" || ending == "spare");
        Ok(Handle::new(Arc::clone(self), id, life, is_segment))
    }

    pub(crate) fn exists(&self, inside: &Path) -> bool {
        self.hold().find(inside).is_ok()
    }

    pub(crate) fn is_folder(&self, inside: &Path) -> bool {
        let mut state = self.hold();
        state
            .find(inside)
            .is_ok_and(|id| matches!(state.inodes[id], Some(Inode::Folder(_))))
    }

    pub(crate) fn read(&self, inside: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.hold();
        let id = state.find(inside)?;
        let file = state.file(id)?;
        Ok(file.cached(0, file.bytes))
    }

    pub(crate) fn make_folders(&self, inside: &Path) -> io::Result<()> {
        let mut state = self.hold();
        state.alive()?;
        let mut so_far = PathBuf::new();
        for part in inside.components() {
            so_far.push(part);
            if state.find(&so_far).is_err() {
                let (folder, name) = state.parent(&so_far)?;
                let id = state.make(Inode::Folder(Folder::default()));
                state.folder(folder)?.change(vec![(name, Some(id))]);
            }
        }
        Ok(())
    }

    /// Removes a file, or a folder with all in it, by its one name.
    pub(crate) fn remove(&self, inside: &Path) -> io::Result<()> {
        let mut state = self.hold();
        state.alive()?;
        state.find(inside)?;
        let (folder, name) = state.parent(inside)?;
        state.folder(folder)?.change(vec![(name, None)]);
        Ok(())
    }

    pub(crate) fn rename(&self, inside: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.hold();
        state.alive()?;
        let id = state.find(inside)?;
        let (folder, from) = state.parent(inside)?;
        let to = to.file_name().unwrap_or_default().to_string_lossy();
        let change = vec![(from, None), (to.into_owned(), Some(id))];
        state.folder(folder)?.change(change);
        Ok(())
    }

    pub(crate) fn entries(&self, inside: &Path) -> io::Result<Vec<String>> {
        let mut state = self.hold();
        let id = state.find(inside)?;
        Ok(state.folder(id)?.names.keys().cloned().collect())
    }

    pub(crate) fn sync_folder(&self, inside: &Path) -> io::Result<()> {
        let mut state = self.hold();
        state.alive()?;
        state.tally.syncs += 1;
        let id = state.find(inside)?;
        if due(&mut state.plan.sync_fails_in) {
            state.tally.failed_syncs += 1;
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        if state.canary != Some(Canary::NoFolderSync) {
            state.folder(id)?.sync();
        }
        Ok(())
    }
}
