import "fake-indexeddb/auto";
import { afterEach, describe, expect, it } from "vitest";
import type { UserId } from "#/proto/wire";
import { type Client, createClient } from "./client";
import { deleteDatabase } from "./database";
import { browserTabs, type TabMessage, type Tabs } from "./tabs";
import { Browser } from "./testing/browser";
import { ANN, BOB, HERE, ModelServer, TestClock } from "./testing/model";

const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await settled();
  await deleteDatabase(ANN);
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function start(server: ModelServer, clock: TestClock, tabs: Tabs): Promise<Client> {
  const client = createClient({
    user: ANN,
    program: { name: "test", version: "0" },
    open_socket: () => server.open(),
    clock,
    random: () => 0.5,
    tabs,
  });
  clients.push(client);
  await settled();
  return client;
}

function heard(server: ModelServer, type: string): object[] {
  return server.heard.filter((frame) => frame.type === type).map(({ id: _id, ...frame }) => frame);
}

describe("tabs over one socket", () => {
  it("tell the union of what they show, and all hear who is there", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const browser = new Browser();
    const leader = await start(server, clock, browser.tab());
    const follower = await start(server, clock, browser.tab());
    leader.actions.watch([BOB]);
    follower.actions.watch(["u_3" as UserId]);
    follower.actions.open(HERE);
    await settled();
    clock.pass(100);
    await settled();
    expect(heard(server, "watch")).toEqual([{ type: "watch", users: [BOB, "u_3"] }]);
    expect(heard(server, "focus")).toEqual([{ type: "focus", conversations: [HERE] }]);
    for (const client of [leader, follower]) {
      expect([...client.snapshot().presence.keys()]).toEqual([BOB, "u_3"]);
    }
    const late = await start(server, clock, browser.tab());
    expect([...late.snapshot().presence.keys()]).toEqual([BOB, "u_3"]);
    follower.actions.typing(HERE);
    await settled();
    expect(heard(server, "typing")).toHaveLength(1);
    server.tell({ type: "typing", conversation: HERE, user: BOB });
    await settled();
    expect(late.snapshot().conversations[0]?.typing).toEqual([BOB]);
  });

  it("are away once all of them are in the background", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const browser = new Browser();
    const leader = await start(server, clock, browser.tab());
    const follower = await start(server, clock, browser.tab());
    follower.tell("visible");
    await settled();
    leader.tell("hidden");
    clock.pass(100);
    await settled();
    expect(heard(server, "active")).toEqual([]);
    follower.tell("hidden");
    await settled();
    clock.pass(100);
    await settled();
    expect(heard(server, "active")).toEqual([{ type: "active", on: false }]);
  });

  it("ask again where the one that was asked is closed", async () => {
    const server = new ModelServer();
    const clock = new TestClock();
    const browser = new Browser();
    const leader = await start(server, clock, browser.tab());
    const follower = await start(server, clock, browser.tab());
    server.is_silent = true;
    const pinned = follower.actions.pin(HERE, 1, true);
    await settled();
    server.is_silent = false;
    leader.close();
    await settled();
    await expect(pinned).resolves.toBeUndefined();
    expect(heard(server, "pin")).toHaveLength(2);
  });
});

/** Locks as the Web Locks API has them, for one name. */
class Locks {
  #held: Promise<unknown> = Promise.resolve();

  request(_name: string, { signal }: LockOptions, hold: () => Promise<unknown>): Promise<unknown> {
    const turn = this.#held.then(() => {
      if (signal?.aborted) throw signal.reason;
      return hold();
    });
    this.#held = turn.catch(() => {});
    return turn;
  }
}

describe("tabs of a browser", () => {
  it("lead one after the other, and those that gave up never", async () => {
    const locks = new Locks() as unknown as LockManager;
    const led: string[] = [];
    const lead = (name: string) => {
      const channel = new BroadcastChannel("voodoo.test");
      const tabs = browserTabs("voodoo.test", locks, channel);
      const stop = tabs.lead(() => void led.push(name));
      return () => {
        stop();
        tabs.channel.close();
      };
    };
    const [first, second, third] = [lead("first"), lead("second"), lead("third")];
    await settled();
    expect(led).toEqual(["first"]);
    second?.();
    first?.();
    await settled();
    expect(led).toEqual(["first", "third"]);
    third?.();
  });

  it("hear each other, not themselves", async () => {
    const locks = new Locks() as unknown as LockManager;
    const open = () => browserTabs("voodoo.test", locks, new BroadcastChannel("voodoo.test")).channel;
    const [one, other] = [open(), open()];
    const here: TabMessage[] = [];
    one?.listen((message) => here.push(message));
    const there = new Promise<TabMessage>((resolve) => other?.listen(resolve));
    one?.post({ kind: "leads" });
    expect(await there).toEqual({ kind: "leads" });
    expect(here).toEqual([]);
    one?.close();
    other?.close();
  });
});
