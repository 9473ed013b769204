//! `logmill mask`: a log without its secrets.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use logmill_model::mask::Stream;
use logmill_unpack::{End, Entry, Log};

use crate::cli::MaskArguments;
use crate::human::readable_bytes;
use crate::input;
use crate::notices::Notices;
use crate::stdout::{self, Bulk, CANNOT_WRITE};

pub(crate) fn run(arguments: &MaskArguments, notices: &mut Notices) -> Result<()> {
    let input = arguments.input();
    let name = input.spoken();
    let mut object = match input.open(&mut notices.progress) {
        Ok(object) => object,
        Err(why) => {
            notices.error(&format!("{name}: {why}"));
            return Ok(());
        }
    };
    if object.is_archive() {
        notices.error(&format!(
            "{name}: it is a zip archive, which may hold several logs; unpack it and mask each of them"
        ));
        return Ok(());
    }
    match object.next_entry() {
        Ok(Some(Entry::Log(mut log))) => write(&mut log, arguments, &name, notices),
        // Only zips have other entries, or none.
        Ok(_) => Ok(()),
        Err(error) => {
            notices.error(&format!("{name}: {}", input::unreadable(&error)));
            Ok(())
        }
    }
}

fn write(
    log: &mut Log<'_>,
    arguments: &MaskArguments,
    name: &str,
    notices: &mut Notices,
) -> Result<()> {
    let mut stream = Stream::new(arguments.masking());
    let (mut out, _) = Bulk::open();
    // A log as it stands may tell a terminal to do anything.
    let watched = stdout::is_terminal();
    let mut masked = Vec::new();
    let mut put = |masked: &mut Vec<u8>| -> io::Result<()> {
        if watched {
            out.write_all(readable_bytes(masked).as_bytes())?;
        } else {
            out.write_all(masked)?;
        }
        masked.clear();
        Ok(())
    };
    match log.binary() {
        Ok(Some(what)) => {
            notices.error(&format!("{name} is {what}, not a log"));
            return Ok(());
        }
        Ok(None) => {}
        Err(error) => notices.error(&format!("{name}: {}", input::unreadable(&error))),
    }
    loop {
        match log.next_piece() {
            Ok(Some(piece)) => stream.push(piece, &mut masked),
            Ok(None) => break,
            Err(error) => {
                notices.error(&format!("{name}: {}", input::unreadable(&error)));
                break;
            }
        }
        put(&mut masked).context(CANNOT_WRITE)?;
    }
    stream.finish(&mut masked);
    put(&mut masked).context(CANNOT_WRITE)?;
    out.flush().context(CANNOT_WRITE)?;
    notices.progress.end();
    if let Some(End::Cut(cut)) = log.end() {
        notices.warning(&format!("{name}: {}", input::cut(cut)));
    }
    if io::stderr().is_terminal() {
        notices.tell(&match stream.count() {
            0 => format!("{name}: nothing found to mask"),
            1 => format!("{name}: 1 place masked"),
            count => format!("{name}: {count} places masked"),
        });
    }
    Ok(())
}
