// People who are simply there: made by the HTTP door, so that a test begins with what it is about.
import type { Page } from "@playwright/test";
import { Person } from "./person";
import type { Server } from "./server";

export const PASSWORD = "a lamp by the window";

type Opens = () => Promise<Page>;

/** Makes the owner. */
export async function owner(server: Server, open: Opens, name: string): Promise<Person> {
  const token = new URL(server.setUpLink).hash.slice(1);
  return enter(server, new Person(await open(), name), "/setup", { token, server_name: "Harbour" });
}

/** Makes somebody whom the owner invites. */
export async function guest(
  server: Server,
  host: Person,
  open: Opens,
  name: string,
  handle?: string,
): Promise<Person> {
  const { code } = (await post(host.page, "/invites", { uses: 1 })) as { code: string };
  return enter(server, new Person(await open(), name, handle), "/sign-up", { invite: code });
}

/** Another device of somebody, at the list. */
export async function another(server: Server, person: Person, open: Opens): Promise<Person> {
  const page = await open();
  await page.goto(`${server.url}/log-in`);
  await post(page, "/log-in", { handle: person.handle, password: PASSWORD });
  await page.goto(server.url);
  return new Person(page, person.name);
}

/** Another tab of somebody, at the same place. */
export async function anotherTab(person: Person): Promise<Person> {
  const page = await person.page.context().newPage();
  await page.goto(person.page.url());
  return new Person(page, person.name);
}

async function enter(server: Server, person: Person, path: string, more: object): Promise<Person> {
  const { page, name } = person;
  await page.goto(`${server.url}/log-in`);
  await post(page, path, { handle: person.handle, name, password: PASSWORD, ...more });
  await page.goto(server.url);
  await person.seesList();
  return person;
}

/** Asks by the HTTP door, from inside a page: with its cookie and its origin. */
export function post(page: Page, path: string, body: object): Promise<unknown> {
  return page.evaluate(
    async ([path, body]) => {
      const response = await fetch(`/api/v1${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Voodoo": "1" },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${path}: ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    [path, body] as const,
  );
}

/**
 * Says many things in a conversation, one after the other, over a session of its own beside that of the page; the
 * server must not bound how many come.
 */
export function talk(page: Page, conversation: string, texts: readonly string[]): Promise<void> {
  return page.evaluate(
    ([conversation, texts]) =>
      new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`, "voodoo.v1");
        const tell = (frame: object) => socket.send(JSON.stringify(frame));
        const say = (at: number) => {
          const body = { kind: "text", text: texts[at] };
          tell({ type: "send", id: at + 1, conversation, client_id: crypto.randomUUID(), body });
        };
        socket.onopen = () => tell({ type: "hello", client: { name: "talk", version: "0" } });
        socket.onclose = ({ code, reason }) => reject(new Error(`closed: ${code} ${reason}`));
        socket.onmessage = ({ data }) => {
          const frame = JSON.parse(data) as { type: string; done?: boolean; id?: number };
          if (frame.type === "refused") reject(new Error(data));
          if (frame.type === "sync" && frame.done) say(0);
          if (frame.type !== "ok" || frame.id === undefined) return;
          if (frame.id < texts.length) return say(frame.id);
          socket.onclose = null;
          socket.close();
          resolve();
        };
      }),
    [conversation, texts] as const,
  );
}
