//! What one client knows of its conversations, and whether anything was lost, doubled or
//! disordered.
//!
//! Events of a conversation come in the order of `rev`; the answer to an own request fills its
//! place whenever it comes. What was skipped and never filled is lost, and at the end the sum of
//! all is compared with the server's own digest.

/// What is wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It came before, or after one that follows it.
    DoubledOrDisordered,
    /// It is of a conversation that the client is not in.
    Foreign,
}

#[derive(Debug)]
struct Place {
    conversation: i64,
    /// Every change up to this one is known.
    have: u64,
    /// Known changes above a hole, ascending.
    ahead: Vec<u64>,
    /// The newest that came as an event.
    told: u64,
}

impl Place {
    fn fill(&mut self, rev: u64) {
        if rev != self.have + 1 {
            if let Err(at) = self.ahead.binary_search(&rev) {
                self.ahead.insert(at, rev);
            }
            return;
        }
        self.have = rev;
        let n_next =
            self.ahead.iter().zip(rev + 1..).take_while(|(got, want)| *got == want).count();
        if n_next > 0 {
            self.have = self.ahead[n_next - 1];
            self.ahead.drain(..n_next);
        }
    }
}

/// The conversations of one client.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    places: Vec<Place>,
}

impl Checker {
    /// Forgets everything, as before a sync.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }

    /// Takes a head of a sync page. Events that came before it are in it.
    pub(crate) fn head(&mut self, conversation: i64, last_rev: u64) {
        match self.places.iter_mut().find(|place| place.conversation == conversation) {
            None => self.places.push(Place {
                conversation,
                have: last_rev,
                ahead: Vec::new(),
                told: last_rev,
            }),
            Some(place) => {
                place.have = place.have.max(last_rev);
                place.ahead.retain(|rev| *rev > last_rev);
            }
        }
    }

    /// Takes an event.
    pub(crate) fn event(&mut self, conversation: i64, rev: u64) -> Result<(), Wrong> {
        let place = self.places.iter_mut().find(|place| place.conversation == conversation);
        let place = place.ok_or(Wrong::Foreign)?;
        let is_known = rev <= place.have || place.ahead.binary_search(&rev).is_ok();
        if is_known || rev <= place.told {
            return Err(Wrong::DoubledOrDisordered);
        }
        place.told = rev;
        place.fill(rev);
        Ok(())
    }

    /// Takes the answer to an own request.
    pub(crate) fn own(&mut self, conversation: i64, rev: u64) -> Result<(), Wrong> {
        let place = self.places.iter_mut().find(|place| place.conversation == conversation);
        let place = place.ok_or(Wrong::Foreign)?;
        if rev <= place.have || place.ahead.binary_search(&rev).is_ok() {
            return Err(Wrong::DoubledOrDisordered);
        }
        place.fill(rev);
        Ok(())
    }

    /// Takes a change of a page of what was missed; it may be known.
    pub(crate) fn page(&mut self, conversation: i64, rev: u64) {
        let place = self.places.iter_mut().find(|place| place.conversation == conversation);
        if let Some(place) = place.filter(|place| rev > place.have) {
            place.fill(rev);
        }
    }

    /// Up to where every change is known.
    pub(crate) fn have(&self, conversation: i64) -> u64 {
        let place = self.places.iter().find(|place| place.conversation == conversation);
        place.map_or(0, |place| place.have)
    }

    /// Whether a conversation was ever told.
    pub(crate) fn knows(&self, conversation: i64) -> bool {
        self.places.iter().any(|place| place.conversation == conversation)
    }

    /// Changes that were skipped and never filled.
    pub(crate) fn n_holes(&self) -> u64 {
        let holes = self.places.iter().filter_map(|place| {
            let last = *place.ahead.last()?;
            Some(last - place.have - place.ahead.len() as u64)
        });
        holes.sum()
    }

    /// The sum of the newest changes known, as the server's digest has it.
    pub(crate) fn revs(&self) -> u64 {
        self.places.iter().map(|place| place.ahead.last().copied().unwrap_or(place.have)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checker() -> Checker {
        let mut checker = Checker::default();
        checker.head(1, 5);
        checker.head(2, 0);
        checker
    }

    #[test]
    fn a_stream_in_order_is_right() {
        let mut checker = checker();
        for rev in 6..=9 {
            assert_eq!(checker.event(1, rev), Ok(()));
        }
        assert_eq!((checker.n_holes(), checker.revs()), (0, 9));
    }

    #[test]
    fn a_lost_delivery_leaves_a_hole_or_a_smaller_sum() {
        let mut checker = checker();
        checker.event(1, 6).unwrap();
        checker.event(1, 9).unwrap();
        assert_eq!((checker.n_holes(), checker.revs()), (2, 9));
        // Losing the last one makes no hole; the server's sum is greater then.
        assert_eq!(self::checker().revs(), 5);
    }

    #[test]
    fn a_doubled_delivery_is_caught() {
        let mut checker = checker();
        checker.event(1, 6).unwrap();
        assert_eq!(checker.event(1, 6), Err(Wrong::DoubledOrDisordered));
        checker.event(1, 9).unwrap();
        assert_eq!(checker.event(1, 9), Err(Wrong::DoubledOrDisordered));
        assert_eq!(checker.event(1, 3), Err(Wrong::DoubledOrDisordered));
    }

    #[test]
    fn a_disordered_delivery_is_caught() {
        let mut checker = checker();
        checker.event(1, 8).unwrap();
        assert_eq!(checker.event(1, 7), Err(Wrong::DoubledOrDisordered));
    }

    #[test]
    fn an_own_answer_may_come_before_or_after_its_neighbours() {
        let mut checker = checker();
        checker.event(1, 7).unwrap();
        checker.own(1, 6).unwrap();
        checker.own(1, 9).unwrap();
        checker.event(1, 8).unwrap();
        assert_eq!((checker.n_holes(), checker.revs()), (0, 9));
        assert_eq!(checker.own(1, 9), Err(Wrong::DoubledOrDisordered));
    }

    #[test]
    fn a_page_fills_what_was_missed_and_nothing_else() {
        let mut checker = checker();
        checker.event(1, 6).unwrap();
        for rev in [6, 7, 9] {
            checker.page(1, rev);
        }
        assert_eq!((checker.have(1), checker.n_holes()), (7, 1));
        checker.page(1, 8);
        assert_eq!((checker.have(1), checker.n_holes(), checker.have(3)), (9, 0, 0));
    }

    #[test]
    fn what_is_of_no_own_conversation_is_caught() {
        assert_eq!(checker().event(3, 1), Err(Wrong::Foreign));
    }
}
