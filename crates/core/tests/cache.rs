//! The folder of compiled code: whatever is in it, it gives what was kept or nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use brrr_core::cache::{Cache, Key, MOST_IN_SHELF, is_entry, is_shelf, is_used};

/// A folder of this test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("brrr-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("cache")
    }

    fn cache(&self) -> Cache {
        Cache::new(self.path())
    }

    /// All files below the cache.
    fn files(&self) -> Vec<PathBuf> {
        let shelves = fs::read_dir(self.path()).into_iter().flatten().flatten();
        let files = shelves.filter(|shelf| is_shelf(&shelf.file_name().to_string_lossy()));
        files
            .flat_map(|shelf| fs::read_dir(shelf.path()).into_iter().flatten().flatten())
            .map(|file| file.path())
            .collect()
    }

    fn only_file(&self) -> PathBuf {
        let [file] = <[PathBuf; 1]>::try_from(self.files()).expect("one file");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::set_permissions(self.path(), fs::Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key(text: &str) -> Key {
    Key::of([text.as_bytes()])
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("own file");
}

#[test]
fn what_was_kept_is_found() {
    let folder = Folder::new("kept");
    let cache = folder.cache();
    assert!(is_used(&folder.path()), "what is not there yet will be made");
    assert_eq!(cache.load(key("one")), None);
    cache.store(key("one"), b"code");
    cache.store(key("two"), b"");
    cache.store(key("one"), b"code");
    assert_eq!(cache.load(key("one")).as_deref(), Some(&b"code"[..]));
    assert_eq!(cache.load(key("two")).as_deref(), Some(&b""[..]));
    assert_eq!(cache.load(key("three")), None);
    let files = folder.files();
    assert_eq!(files.len(), 2);
    for file in files {
        assert!(is_entry(&file.file_name().expect("a name").to_string_lossy()), "{}", file.display());
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(folder.path()).expect("it is there").permissions().mode() & 0o777, 0o700);
}

#[test]
fn parts_of_keys_do_not_run_into_each_other() {
    let of = |parts: &[&[u8]]| Key::of(parts.iter().copied());
    assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    assert_ne!(of(&[b"a", b""]), of(&[b"a"]));
    assert_eq!(of(&[b"a", b"b"]), of(&[b"a", b"b"]));
}

#[test]
fn any_damage_is_a_miss() {
    let folder = Folder::new("damage");
    let cache = folder.cache();
    cache.store(key("one"), b"some machine code");
    let file = folder.only_file();
    let whole = fs::read(&file).expect("it is there");
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).expect("own file");
        assert_eq!(cache.load(key("one")), None, "{length} bytes of it");
    }
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&file, flipped).expect("own file");
        assert_eq!(cache.load(key("one")), None, "a bit of byte {at}");
    }
    fs::write(&file, [&whole[..], b"more"].concat()).expect("own file");
    assert_eq!(cache.load(key("one")), None);
    // What is not there may be kept again.
    cache.store(key("one"), b"some machine code");
    assert!(cache.load(key("one")).is_some());
}

#[test]
fn the_entry_of_another_key_is_a_miss() {
    let folder = Folder::new("other");
    let cache = folder.cache();
    cache.store(key("one"), b"the code of one");
    let one = folder.only_file();
    cache.store(key("two"), b"the code of two");
    let two = folder.files().into_iter().find(|file| *file != one).expect("two files");
    fs::copy(&one, &two).expect("own files");
    assert_eq!(cache.load(key("two")), None);
    assert!(cache.load(key("one")).is_some());
}

#[test]
fn what_others_may_write_is_not_taken() {
    let folder = Folder::new("others");
    let cache = folder.cache();
    cache.store(key("one"), b"code");
    let file = folder.only_file();
    let shelf = file.parent().expect("a shelf").to_owned();
    for path in [file.clone(), shelf.clone(), folder.path()] {
        let before = fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        for more in [0o020, 0o002] {
            mode(&path, before | more);
            assert_eq!(cache.load(key("one")), None, "{} {more:o}", path.display());
        }
        mode(&path, before);
        assert!(cache.load(key("one")).is_some());
    }
    mode(&folder.path(), 0o777);
    assert!(!is_used(&folder.path()));
    cache.store(key("two"), b"code");
    assert_eq!(folder.files().len(), 1, "nothing is put there either");
}

#[test]
fn links_and_folders_in_the_place_of_an_entry_are_misses() {
    let folder = Folder::new("links");
    let cache = folder.cache();
    cache.store(key("one"), b"code");
    let file = folder.only_file();
    let elsewhere = folder.0.join("elsewhere");
    fs::rename(&file, &elsewhere).expect("own files");
    symlink(&elsewhere, &file).expect("a link");
    assert_eq!(cache.load(key("one")), None);
    fs::remove_file(&file).expect("own file");
    fs::create_dir(&file).expect("a folder");
    assert_eq!(cache.load(key("one")), None);
    // There is no place for it, which is no error.
    cache.store(key("one"), b"code");
    assert_eq!(cache.load(key("one")), None);
    assert_eq!(folder.files().len(), 1, "nothing unfinished is left");
}

#[test]
fn a_folder_that_cannot_be_made_is_no_error() {
    let folder = Folder::new("file");
    fs::write(folder.path(), b"a file").expect("own file");
    folder.cache().store(key("one"), b"code");
    assert_eq!(folder.cache().load(key("one")), None);
    assert!(!is_used(&folder.path()));
    assert_eq!(fs::read(folder.path()).expect("it is there"), b"a file");
}

#[test]
fn what_is_too_large_is_not_kept() {
    let folder = Folder::new("large");
    folder.cache().store(key("one"), &vec![0; MOST_IN_SHELF as usize + 1]);
    assert!(folder.files().is_empty());
    folder.cache().store(key("one"), &vec![7; MOST_IN_SHELF as usize]);
    assert_eq!(folder.cache().load(key("one")).map(|object| object.len() as u64), Some(MOST_IN_SHELF));
}

#[test]
fn a_shelf_is_kept_small() {
    let folder = Folder::new("small");
    let cache = folder.cache();
    // Keys of one shelf.
    let mut shelved: Vec<Key> = Vec::new();
    let mut shelf = None;
    for number in 0.. {
        let one = key(&number.to_string());
        let name = format!("{one:?}").chars().filter(|one| one.is_ascii_digit() || *one == ',').collect::<String>();
        let first = name.split(',').next().map(str::to_owned);
        let wanted = shelf.get_or_insert_with(|| first.clone());
        if *wanted == first {
            shelved.push(one);
        }
        if shelved.len() == 6 {
            break;
        }
    }
    let object = vec![1; MOST_IN_SHELF as usize / 4 - 100];
    for (age, &one) in (0..).zip(&shelved[..4]) {
        cache.store(one, &object);
        // The first ones were not used for longest.
        let files = folder.files();
        for file in files {
            let file = fs::File::options().write(true).open(file).expect("own file");
            let used = file.metadata().expect("it is there").modified().expect("a time");
            file.set_modified(used - Duration::from_secs(60)).expect("own file");
        }
        assert_eq!(folder.files().len(), age + 1);
    }
    let unfinished = folder.files()[0].with_extension("brrr.tmp1.1");
    fs::write(&unfinished, b"from a process that died").expect("own file");
    let died = SystemTime::now() - Duration::from_secs(2 * 3600);
    fs::File::options().write(true).open(&unfinished).expect("own file").set_modified(died).expect("own file");
    cache.store(shelved[4], &object);
    let kept = shelved.iter().map(|&one| cache.load(one).is_some()).collect::<Vec<_>>();
    assert_eq!(kept, [false, false, true, true, true, false]);
    assert!(!unfinished.exists());
}

#[test]
fn what_is_used_is_not_the_oldest() {
    let folder = Folder::new("used");
    let cache = folder.cache();
    cache.store(key("one"), b"code");
    let file = folder.only_file();
    let long_ago = SystemTime::now() - Duration::from_secs(30 * 24 * 3600);
    fs::File::options().write(true).open(&file).expect("own file").set_modified(long_ago).expect("own file");
    assert!(cache.load(key("one")).is_some());
    let used = fs::metadata(&file).expect("it is there").modified().expect("a time");
    assert!(used > SystemTime::now() - Duration::from_secs(60));
}

#[test]
fn many_at_once_leave_whole_entries() {
    let folder = Folder::new("many");
    let cache = folder.cache();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let cache = &cache;
            scope.spawn(move || {
                for turn in 0..50_u8 {
                    let key = key(&(turn % 5).to_string());
                    let object = vec![turn % 5; 5_000];
                    if thread % 2 == 0 {
                        cache.store(key, &object);
                    } else if let Some(found) = cache.load(key) {
                        assert_eq!(found, object);
                    }
                }
            });
        }
    });
    assert_eq!(folder.files().len(), 5);
}
