//! Processes that outlive the command that started them: told apart from later ones that were given
//! their number, measured, and ended.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// What is waited between two looks at something that changes.
pub(crate) const LOOK: Duration = Duration::from_millis(100);
/// How long an engine has to end by itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// The user and group `nobody`.
const NOBODY: u32 = 65534;

/// How an engine is started.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// What is set in its environment.
    pub(crate) variables: Vec<(String, String)>,
    /// Where it runs, and where all that it writes is.
    pub(crate) folder: PathBuf,
    /// Whether it refuses to run as root.
    pub(crate) refuses_root: bool,
}

impl Launch {
    /// The command, as a user whom the program takes.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = if self.refuses_root {
            as_user(&self.program, &self.folder)?
        } else {
            Command::new(&self.program)
        };
        command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Starts it in a process group of its own, so that Ctrl-C here does not end it.
    pub(crate) fn start(&self, log: &Path) -> Result<Child> {
        use std::os::unix::process::CommandExt as _;
        let said = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        self.command()?
            .stdout(said.try_clone()?)
            .stderr(said)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))
    }
}

/// A command that runs as somebody who is not root, whoever runs it: some servers refuse root.
fn as_user(program: &Path, folder: &Path) -> Result<Command> {
    use std::os::unix::process::CommandExt as _;
    if !rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    // In a namespace where we are another user, files need no other owner.
    let namespace = ["--user", "--map-user=1000", "--map-group=1000", "--"];
    let allowed = Command::new("unshare")
        .args(namespace)
        .arg("true")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if allowed {
        let mut command = Command::new("unshare");
        command.args(namespace).arg(program);
        return Ok(command);
    }
    give_away(folder)?;
    let mut command = Command::new(program);
    command.uid(NOBODY).gid(NOBODY);
    let reached = Command::new("test")
        .arg("-r")
        .arg(program)
        .uid(NOBODY)
        .gid(NOBODY)
        .status()
        .is_ok_and(|status| status.success());
    if !reached {
        bail!(
            "{} refuses to run as root, and the user nobody cannot read it: run this as another \
             user, or set LOGMILL_CACHE to a folder that everybody may read",
            program.display()
        );
    }
    Ok(command)
}

/// Gives a folder and all in it to `nobody`.
fn give_away(path: &Path) -> Result<()> {
    std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY))
        .with_context(|| format!("cannot give {} to nobody", path.display()))?;
    if path.is_dir() && !path.is_symlink() {
        for entry in path.read_dir()? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}

/// A process, known by its number and the time that it was started at.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// As the system counts it; another process with the same number has another.
    started: String,
}

impl Process {
    /// The process with a number; none if there is none.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        Some(Self { pid, started: started(pid)? })
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&self) -> bool {
        started(self.pid).is_some_and(|started| started == self.started)
    }

    /// The memory it holds, in MB.
    pub(crate) fn memory(&self) -> Option<u64> {
        if Path::new("/proc/self").exists() {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            return line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb / 1024);
        }
        ps("rss=", self.pid)?.parse::<u64>().ok().map(|kb| kb / 1024)
    }

    /// Ends it and all that it has started at once, as a power cut does.
    pub(crate) fn cut_off(&self) -> Result<()> {
        // While it stands still it starts no others.
        self.send(Signal::STOP)?;
        let mut family = vec![self.clone()];
        for at in 0.. {
            let Some(parent) = family.get(at).map(|process| process.pid) else { break };
            family.extend(children(parent)?.into_iter().filter_map(Self::of));
        }
        for process in &family {
            process.send(Signal::KILL)?;
        }
        family.iter().try_for_each(|process| process.stop(Signal::KILL))
    }

    /// Sends it a signal; nothing if it has ended.
    pub(crate) fn send(&self, signal: Signal) -> Result<()> {
        if self.is_alive() {
            let pid = Pid::from_raw(self.pid as i32).context("no process has the number 0")?;
            // It may end between the look and the signal.
            let _ = kill_process(pid, signal);
        }
        Ok(())
    }

    /// Ends it: by the signal that it ends orderly by, and by force if it does not.
    pub(crate) fn stop(&self, signal: Signal) -> Result<()> {
        self.stop_within(signal, PATIENCE)
    }

    fn stop_within(&self, signal: Signal, patience: Duration) -> Result<()> {
        for (signal, patience) in [(signal, patience), (Signal::KILL, PATIENCE)] {
            if !self.is_alive() {
                return Ok(());
            }
            self.send(signal)?;
            let until = Instant::now() + patience;
            while self.is_alive() && Instant::now() < until {
                thread::sleep(LOOK);
            }
        }
        if self.is_alive() {
            bail!("process {} does not end, not even by force", self.pid);
        }
        Ok(())
    }
}

/// The processes that a process has started and that still run.
fn children(parent: u32) -> Result<Vec<u32>> {
    if !Path::new("/proc/self").exists() {
        let listed = Command::new("ps").args(["-A", "-o", "ppid=,pid="]).output()?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let child = |line: &str| {
            let mut fields = line.split_whitespace();
            let is_child = fields.next()?.parse() == Ok(parent);
            if is_child { fields.next()?.parse().ok() } else { None }
        };
        return Ok(listed.lines().filter_map(child).collect());
    }
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // One that has ended meanwhile is none.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if of.and_then(|of| of.parse().ok()) == Some(parent) {
            children.push(pid);
        }
    }
    Ok(children)
}

/// When a process was started; none if there is none, or one that has ended and is only still listed.
fn started(pid: u32) -> Option<String> {
    if Path::new("/proc/self").exists() {
        // After the name, which may hold anything: the state, and the start as the 20th field.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        return if state == "Z" { None } else { fields.nth(18).map(str::to_owned) };
    }
    let state = ps("state=", pid)?;
    if state.starts_with('Z') { None } else { ps("lstart=", pid) }
}

/// One figure of a process, where there is no /proc.
fn ps(figure: &str, pid: u32) -> Option<String> {
    let said = Command::new("ps").args(["-o", figure, "-p", &pid.to_string()]).output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if said.is_empty() { None } else { Some(said) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").spawn().expect("sleep is there")
    }

    #[test]
    fn a_process_that_was_given_the_number_of_an_engine_is_not_ended() {
        let mut child = sleeper();
        let process = Process::of(child.id()).expect("it runs");
        let other = Process { started: "another time".to_owned(), ..process.clone() };
        assert!(!other.is_alive());
        other.stop(Signal::KILL).expect("there is nothing to do");
        assert!(process.is_alive(), "another's process was ended");
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
    }

    #[test]
    fn down_ends_what_up_started_and_sees_that_it_has_ended() {
        let mut child = sleeper();
        let process = Process::of(child.id()).expect("it runs");
        process.stop(Signal::TERM).expect("it ends");
        assert!(!process.is_alive());
        assert!(!child.wait().expect("it is ours").success());
        assert_eq!(Process::of(child.id()), None);
    }

    #[test]
    fn what_an_engine_has_started_ends_with_it_when_it_is_cut_off() {
        let mut child = Command::new("sh")
            .args(["-c", "setsid sleep 60 & echo $!; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell is there");
        let mut said = String::new();
        let out = child.stdout.take().expect("it is piped");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut said).expect("a line");
        let of = said.trim().parse().expect("a number");
        let process = Process::of(child.id()).expect("it runs");
        let started = Process::of(of).expect("it runs too");
        process.cut_off().expect("both end");
        assert!(!process.is_alive() && !started.is_alive());
        child.wait().expect("it is ours");
    }

    #[test]
    fn a_process_that_ignores_the_signal_is_ended_by_force() {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' INT; echo ready; while :; do sleep 1; done"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell is there");
        let mut ready = [0; 5];
        let out = child.stdout.as_mut().expect("it is piped");
        std::io::Read::read_exact(out, &mut ready).expect("it says that it is ready");
        let process = Process::of(child.id()).expect("it runs");
        process.stop_within(Signal::INT, Duration::from_millis(300)).expect("it ends");
        assert!(!process.is_alive());
        child.wait().expect("it is ours");
    }
}
