//! The use of devices: noted at most once a minute for each, stored together.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use parking_lot::Mutex;
use voodoo_core::store::Authenticated;
use voodoo_proto::object::UserKind;
use voodoo_proto::{DeviceId, MAX_SAFE_INTEGER};

use super::door::Door;

/// Devices that wait to be stored, at most; more are left out, and their next use is noted.
const MAX_PENDING: usize = 50_000;

/// When a device was used, and until when it is good; both in Unix milliseconds.
type Use = (u64, u64);

/// Uses that are not stored yet. They may be lost: the next use is noted again.
#[derive(Default)]
pub(crate) struct Touches(Mutex<HashMap<DeviceId, Use>>);

impl Touches {
    fn note(&self, device: DeviceId, used: Use) {
        let mut pending = self.0.lock();
        if pending.len() < MAX_PENDING || pending.contains_key(&device) {
            pending.insert(device, used);
        }
    }

    fn take(&self) -> Vec<(DeviceId, u64, u64)> {
        let pending = std::mem::take(&mut *self.0.lock());
        pending
            .into_iter()
            .map(|(device, (seen_ms, expires_ms))| (device, seen_ms, expires_ms))
            .collect()
    }
}

impl Door {
    /// When a device of that age, used at that moment, ends without further use.
    pub(crate) fn expires_after(&self, used_ms: u64, created_ms: u64) -> u64 {
        let at_last = plus(created_ms, self.options.device_max);
        plus(used_ms, self.options.device_ttl).min(at_last)
    }

    /// Notes that a device was used, which moves the end of its token on. Cheap: most uses are
    /// not worth noting. The token of a program stands as it was made.
    pub fn touch(&self, who: &Authenticated) {
        let now_ms = self.now_ms();
        let expires_ms = self.expires_after(now_ms, who.created_ms);
        let is_at_last = who.expires_ms >= plus(who.created_ms, self.options.device_max);
        let is_noted = who.expires_ms > expires_ms.saturating_sub(millis(self.options.touch_every));
        if who.kind == UserKind::Human && (is_at_last || !is_noted) {
            self.touches.note(who.device, (now_ms, expires_ms));
            self.core.hub.extend(who.user, who.device, expires_ms);
        }
    }

    /// Notes the use of devices by their live sessions: as rarely as keeps them from ending.
    pub(crate) fn touch_live(&self) {
        let (now_ms, uptime_ms) = (self.now_ms(), self.core.uptime.now_ms());
        let margin_ms = millis(self.options.device_ttl) / 8;
        self.core.hub.for_each(|handle| {
            let used_ms = now_ms.saturating_sub(uptime_ms.saturating_sub(handle.pulse.heard_ms()));
            let lease = &handle.lease;
            let expires_ms = self.expires_after(used_ms, lease.created_ms());
            if expires_ms.saturating_sub(lease.expires_ms()) > margin_ms {
                lease.extend(expires_ms);
                self.touches.note(handle.device, (used_ms, expires_ms));
            }
        });
    }

    /// Stores the uses noted so far.
    ///
    /// # Cancel safety
    ///
    /// Uses may be lost.
    pub async fn flush_touches(&self) {
        let touched = self.touches.take();
        if touched.is_empty() {
            return;
        }
        if let Err(error) = self.core.accounts.touch_devices(touched).await {
            tracing::warn!(%error, "the use of devices could not be stored");
        }
    }
}

/// Stores what was noted, over and over, until the door is gone.
pub(crate) async fn keep(door: Weak<Door>) {
    while let Some(pause) = door.upgrade().map(|door| door.options.touch_flush) {
        tokio::time::sleep(pause).await;
        if let Some(door) = door.upgrade() {
            door.touch_live();
            door.flush_touches().await;
        }
    }
}

/// A moment after another, within what the wire carries.
pub(crate) fn plus(at_ms: u64, later: Duration) -> u64 {
    at_ms.saturating_add(millis(later)).min(MAX_SAFE_INTEGER)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
