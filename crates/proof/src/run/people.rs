//! People of a server, and the conversations they have, made by the doors of the product.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;
use voodoo_client::{Address, Connection, Http};
use voodoo_history::{Place, Reading, Shown, Spell, Text, Who};

use super::frame::{Conversation, Frame, Head};
use super::server::Server;

/// Settings under which neither hashing nor rates are in the way of what is tested.
pub const QUICK: &[(&str, &str)] = &[
    ("VOODOO_HTTP__ADMIN_LISTEN", ""),
    ("VOODOO_HASHING__MEMORY_KIB", "8"),
    ("VOODOO_HASHING__PASSES", "1"),
    ("VOODOO_LIMITS__RATES__SEND__PER_S", "0"),
    ("VOODOO_LIMITS__RATES__HISTORY__PER_S", "0"),
    ("VOODOO_LIMITS__RATES__CREATE__PER_S", "0"),
];

/// Someone with an account and a token.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their number here.
    pub who: Who,
    /// Their id on the wire.
    pub user: String,
    /// What lets them in.
    pub token: String,
}

/// Who is called what on the wire, and who belongs where.
#[derive(Debug, Default)]
pub struct Directory {
    /// Everyone.
    pub people: Vec<Person>,
    /// The conversations by number.
    pub places: Vec<String>,
    /// Who is a member of which.
    pub members: Vec<Vec<Who>>,
    by_user: HashMap<String, Who>,
    by_conversation: HashMap<String, Place>,
}

impl Directory {
    /// Signs people up and opens their conversations: each pair talks to each other, and groups of
    /// so many have one more.
    ///
    /// # Errors
    ///
    /// If the server refuses or goes away.
    pub async fn make(server: &Server, n_people: u32, group: Option<usize>) -> Result<Arc<Self>> {
        let address = server.address()?;
        let mut directory = Self { people: sign_up(server, n_people).await?, ..Self::default() };
        let people = directory.people.clone();
        directory.by_user = people.iter().map(|one| (one.user.clone(), one.who)).collect();
        for pair in people.chunks_exact(2) {
            let create = |peer: &Person| json!({"kind": "direct", "members": [peer.user]});
            let opened = open(&address, &pair[0], create(&pair[1])).await?;
            // The other side gets it with the first message, or by opening it too.
            open(&address, &pair[1], create(&pair[0])).await?;
            directory.add(opened, pair);
        }
        for people in group.into_iter().flat_map(|n_members| people.chunks(n_members)) {
            let [owner, others @ ..] = people else { continue };
            let members: Vec<_> = others.iter().map(|other| &other.user).collect();
            let create = json!({"kind": "group", "title": "All", "members": members});
            directory.add(open(&address, owner, create).await?, people);
        }
        Ok(Arc::new(directory))
    }

    fn add(&mut self, conversation: String, members: &[Person]) {
        let place = Place(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        self.by_conversation.insert(conversation.clone(), place);
        self.places.push(conversation);
        self.members.push(members.iter().map(|one| one.who).collect());
    }

    /// Every place with its members.
    pub fn places(&self) -> impl Iterator<Item = (Place, &[Who])> {
        (0..).map(Place).zip(self.members.iter().map(Vec::as_slice))
    }

    /// Where somebody belongs.
    #[must_use]
    pub fn places_of(&self, who: Who) -> Vec<Place> {
        let own = self.places().filter(|(_, members)| members.contains(&who));
        own.map(|(place, _)| place).collect()
    }

    /// The id of a place on the wire.
    #[must_use]
    pub fn id(&self, place: Place) -> &str {
        self.places.get(place.0 as usize).map_or("", String::as_str)
    }

    /// The place of an id on the wire.
    #[must_use]
    pub fn place(&self, conversation: &str) -> Option<Place> {
        self.by_conversation.get(conversation).copied()
    }

    /// The author of a message; one without is a stranger, whom the checker will not know.
    #[must_use]
    pub fn author(&self, from: Option<&str>) -> Who {
        from.and_then(|user| self.by_user.get(user)).copied().unwrap_or(Who(u32::MAX))
    }

    /// Everyone belongs to their conversations from the beginning.
    #[must_use]
    pub fn spells(&self) -> Vec<Spell> {
        let spell = |who, place| Spell { who, place, from_seq: 1, join_rev: 0, end_rev: None };
        let members = self
            .places()
            .flat_map(|(place, members)| members.iter().map(move |who| spell(*who, place)));
        members.collect()
    }
}

/// Claims the server and signs up so many people by one invite.
///
/// # Errors
///
/// If the server refuses or goes away.
pub async fn sign_up(server: &Server, n_people: u32) -> Result<Vec<Person>> {
    let door = Http::new(server.address()?);
    let owner = json!({"token": server.setup_token, "handle": "owner", "name": "Owner",
        "password": "correct horse battery"});
    let (owner, _) = door.enter("/setup", &owner).await?;
    let invite: Value = owner.post("/invites", &json!({})).await?;
    let mut people = Vec::new();
    for number in 0..n_people {
        let who = json!({"invite": invite["code"], "handle": format!("person{number}"),
            "name": format!("Person {number}"), "password": "correct horse battery"});
        let (door, entered) = door.enter("/sign-up", &who).await?;
        let token = door.token().context("a token came")?.to_owned();
        people.push(Person { who: Who(number), user: entered.user.to_string(), token });
    }
    Ok(people)
}

async fn open(address: &Address, person: &Person, mut create: Value) -> Result<String> {
    let mut visit = Visit::begin(address, person).await?;
    create["type"] = "create".into();
    create["client_id"] = Uuid::now_v7().to_string().into();
    visit.ask(create).await?.conversation.context("a conversation is named")
}

/// A short session for one question after the other.
pub(super) struct Visit {
    connection: Connection,
    next_id: u64,
    pub(super) heads: HashMap<String, Head>,
}

impl Visit {
    pub(super) async fn begin(address: &Address, person: &Person) -> Result<Self> {
        let mut connection = Connection::open(address, &person.token).await?;
        connection.hello(None).await?;
        let mut heads = HashMap::new();
        loop {
            let frame: Frame = connection.receive().await?;
            let described = frame.conversations.into_iter().map(|one: Conversation| one.head);
            heads
                .extend(described.chain(frame.heads).map(|head| (head.conversation.clone(), head)));
            if frame.kind == "sync" && frame.done {
                return Ok(Self { connection, next_id: 1, heads });
            }
        }
    }

    /// Sends a request, and gives its id without waiting for an answer.
    pub(super) async fn say(&mut self, mut request: Value) -> Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        request["id"] = id.into();
        self.connection.send_json(&request).await?;
        Ok(id)
    }

    pub(super) async fn ask(&mut self, request: Value) -> Result<Frame> {
        let asked = request.to_string();
        let id = self.say(request).await?;
        loop {
            let text = self.connection.receive_text().await?;
            let frame: Frame = serde_json::from_str(&text)?;
            match (frame.id == Some(id), frame.kind.as_str()) {
                (true, "ok") => return Ok(frame),
                (true, _) => bail!("{asked} was answered {text}"),
                (false, _) => {}
            }
        }
    }
}

/// Everything that a person may read, as it stands now.
pub(super) async fn read_all(
    address: Address,
    directory: Arc<Directory>,
    person: Person,
) -> Result<Vec<Reading>> {
    let mut visit = Visit::begin(&address, &person).await?;
    let mut readings = Vec::new();
    for place in directory.places_of(person.who) {
        let head = visit.heads.get(directory.id(place)).context("every conversation has a head")?;
        let (last_seq, read_seq) = (head.last_seq, head.read_seq);
        let messages = read(&mut visit, &directory, place).await?;
        readings.push(Reading { who: person.who, place, last_seq, read_seq, messages });
    }
    Ok(readings)
}

async fn read(visit: &mut Visit, directory: &Directory, place: Place) -> Result<Vec<Shown>> {
    let mut messages: Vec<Shown> = Vec::new();
    loop {
        let after = messages.last().map_or(0, |shown| shown.seq);
        let page = json!({"type": "history", "conversation": directory.id(place), "after": after,
            "limit": 100});
        let page = visit.ask(page).await?;
        messages.extend(page.messages.into_iter().map(|one| Shown {
            seq: one.seq,
            rev: one.rev,
            name: one.client_id,
            from: directory.author(one.from.as_deref()),
            text: Text::of(&one.body.text),
        }));
        if !page.more {
            return Ok(messages);
        }
    }
}
