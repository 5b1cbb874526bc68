import type { UserId } from "#/proto/wire";
import type { ConversationView, Line } from "#/sync/client";
import { conversationView, EMPTY_TIMELINE, ME, pendingLine, refusedLine, sentLine, user } from "./builders";
import { type FakeClient, fakeClient } from "./fakeClient";

const NAMES = [
  "Ada Lovelace",
  "Grace Hopper",
  "José Pérez",
  "李雷",
  "Iván Petrov",
  "Noor al-Rashid",
  "Priya Natarajan",
  "Tomasz Wójcik",
  "Sofia Rossi",
  "Kwame Mensah",
  "Yuki Tanaka",
  "Elin Bergström",
];
const LAST = [
  "Then let us meet at **nine** and walk there together 🙂",
  "The compiler found it first, as always.",
  "¿Nos vemos mañana?",
  "好的，明天见！",
  "Спасибо, получил. Завтра отвечу подробно.",
  "I sent you the plan, have a look when you can",
  "See https://example.org/notes for all of it",
  "`cargo xtask run` does everything",
  "Ciao!",
  "Photos from the hike are coming tonight",
  "了解です",
  "Tack så mycket",
];

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export function gallery(): FakeClient {
  const now_ms = Date.now();
  const people = NAMES.map((name, index) => user(`u_${index + 10}`, name));
  const conversations = people.map((peer, index): ConversationView => {
    const at_ms = now_ms - index * index * 97 * MINUTE_MS - MINUTE_MS;
    const is_own = index % 4 === 3;
    return conversationView(`c_${index + 1}`, peer, {
      at_ms,
      unread: [0, 3, 0, 0, 12, 1][index] ?? 0,
      mentions: index === 4 ? 1 : 0,
      muted: index === 5,
      pinned: index === 0,
      preview: { from: is_own ? ME.user : peer.user, text: LAST[index] ?? "" },
      ...(is_own && { own_tick: index > 5 ? ("sent" as const) : ("read" as const) }),
    });
  });
  return fakeClient({
    me: ME,
    conversations,
    users: [ME, ...people],
    timelines: {
      c_1: { ...EMPTY_TIMELINE, lines: talk(people[0]?.user as UserId, now_ms), read_seq: 400 },
    },
  });
}

const SAID: readonly [who: 0 | 1, minutes_ago: number, text: string][] = [
  [1, 2_000, "Did the new server arrive?"],
  [0, 1_998, "It did, it is humming under my desk."],
  [0, 1_998, "Quieter than I feared."],
  [1, 1_900, "👏"],
  [
    1,
    120,
    "I wrote down what we said:\n- one binary, no configuration\n- everything kept on disk *before* the tick\n- **calm** to look at",
  ],
  [1, 119, "Anything missing?"],
  [0, 117, "> calm to look at\n\nThat is the hard one. ||But we have a plan.||"],
  [
    0,
    117,
    "This is how one starts it:\n```sh\ncargo xtask run\n```\nand then `http://localhost:8080` in a browser.",
  ],
  [
    1,
    60,
    "I read https://example.org/a/rather/long/address?with=a&query=that-does-not-want-to-break yesterday, worth your time. It is mostly about keeping promises to people: once the tick is there the message is there, whatever happens to the power.",
  ],
  [0, 42, "Shall we show it to the others tomorrow?"],
  [1, 41, "Yes! Grace and José are in."],
  [1, 40, "Then let us meet at **nine** and walk there together 🙂"],
];

function talk(peer: UserId, now_ms: number): readonly Line[] {
  const old = Array.from({ length: 300 }, (_, index): Line => {
    const from = index % 7 < 4 ? peer : ME.user;
    const at_ms = now_ms - 4 * DAY_MS + index * 11 * MINUTE_MS;
    const text = `${LAST[index % LAST.length]} ${"and so on ".repeat(index % 9)}`;
    return sentLine({ seq: index + 1, from, at_ms, body: { kind: "text", text } }, "read");
  });
  const said = SAID.map(([who, minutes_ago, text], index): Line => {
    const from = who === 0 ? ME.user : peer;
    const more = { seq: 301 + index, from, at_ms: now_ms - minutes_ago * MINUTE_MS };
    return sentLine({ ...more, body: { kind: "text", text } }, index < 9 ? "read" : "sent");
  });
  return [
    ...old,
    ...said,
    {
      ...refusedLine({ client_id: "x1", text: "And bring the slides", code: "rate_limited" }),
      retry: "same",
      at_ms: now_ms,
    },
    pendingLine({ client_id: "x2", text: "On my way", at_ms: now_ms }),
  ];
}
