//! The next step for the user at a path where something is refused or left.
//!
//! In: an action, its path and what stands there. Out: lines of text, or none where the action speaks for itself.

use super::root::Obstacle;
use crate::rel_path::RelPath;
use crate::tree::{Action, Kept};

const LINE_ENDS: &str =
    "differs from what stacktic wrote in its line ends alone, CR LF for LF, as git or an editor makes them";

/// Of values that go from a secret file.
pub(super) fn set_aside(values: &[(String, String)], kept: &RelPath) -> String {
    let keys: Vec<String> = values.iter().map(|(key, _)| format!("`{key}`")).collect();
    let noun = if keys.len() == 1 { "value" } else { "values" };
    format!(
        "nothing asks for {} any more; the filled-in {noun} went to `{kept}`, so do not commit that file",
        keys.join(", ")
    )
}

/// Of a file that git put together from two branches, in which the work of a person may be.
pub(super) fn merge(shown: &str, lock: &str) -> String {
    format!(
        "a merge put it together, so that an edit by hand cannot be told from what was generated; take the file of one branch and \
         both sides of the lock, then run again:\ngit checkout HEAD -- {shown}\ngit checkout --merge -- {lock}"
    )
}

/// `differs_in_line_ends`: and in nothing else from what stacktic wrote or would write.
pub(super) fn note(
    action: Action,
    obstacle: Option<&Obstacle>,
    differs_in_line_ends: bool,
    is_secret: bool,
) -> Option<String> {
    let obstacle = obstacle.map(|obstacle| format!("{obstacle}; ")).unwrap_or_default();
    Some(match action {
        Action::RefuseForeign if differs_in_line_ends => {
            format!("{LINE_ENDS}; delete it, then run again")
        }
        Action::RefuseEdited if differs_in_line_ends => {
            format!(
                "{LINE_ENDS}; run again with `--on-edit overwrite`, and keep the line `* -text` in the output's `.gitattributes`"
            )
        }
        Action::RefuseForeign => {
            "stacktic did not write this file, so it is not replaced; move it away or delete it, then run again"
                .to_owned()
        }
        Action::RefuseEdited => {
            "edited by hand; take the edit back, or run again with `--on-edit overwrite` to lose it or \
             `--on-edit keep` to leave the file as it is"
                .to_owned()
        }
        Action::RefuseObstacle => format!("{obstacle}move it away, then run again"),
        Action::LeaveObstacle => {
            format!("{obstacle}nothing produces this path any more; remove what is there, then run again")
        }
        Action::LeaveUnproducible => "the lock lists this file, but the catalog cannot produce its path, so it is not \
             deleted; delete it, or take its line out of `.stacktic/lock.json`"
            .to_owned(),
        Action::Recreate if is_secret => {
            "the file was gone and is written without values: fill them in again, or restore your own".to_owned()
        }
        Action::SecretUnreadable => {
            format!("{obstacle}the keys of this secret cannot be compared; make it a dotenv file")
        }
        _ => return None,
    })
}

/// Of an edited file that goes, before it is moved.
pub(super) fn quarantine(kept: &Kept, differs_in_line_ends: bool) -> String {
    let how = if differs_in_line_ends {
        LINE_ENDS
    } else {
        "edited by hand"
    };
    format!("{how} and no longer produced; {kept}")
}
