// Everything that can stand before somebody, and how one comes to it: each door, room, dialog, menu and empty place.
// `scripts/surfaces.test.ts` compares this list with the sources, so that a new one cannot be forgotten.
import type { Page } from "@playwright/test";
import type { Person } from "./person";

export interface Doorstep {
  readonly url: string;
  readonly setUpLink: string;
  /** A window of somebody without an account. */
  readonly stranger: Page;
}

/** Ada owns the server; with Bo she has a direct conversation, the group "Swimmers" and the broadcast "House news". */
export interface Stage extends Doorstep {
  readonly ada: Person;
  readonly bo: Person;
  /** Ends the server. */
  readonly stop: () => Promise<void>;
}

export interface Surface<On = Stage> {
  readonly name: string;
  /** The file under `src` that draws it. */
  readonly source: string;
  /** Goes there, and returns the page that shows it once it does. */
  readonly show: (stage: On) => Promise<Page>;
}

function door(name: string, source: string, path: string, heading: string): Surface<Doorstep> {
  return {
    name,
    source: `features/auth/${source}`,
    show: async ({ stranger, url }) => {
      await stranger.goto("about:blank");
      await stranger.goto(url + path);
      await stranger.getByRole("heading", { name: heading }).waitFor();
      return stranger;
    },
  };
}

/** What is seen at an address in which Ada is. */
function room(
  name: string,
  source: string,
  path: string,
  open: (ada: Person, stage: Stage) => Promise<void>,
): Surface {
  return {
    name,
    source,
    show: async (stage) => {
      await stage.ada.page.goto(stage.url + path);
      await open(stage.ada, stage);
      return stage.ada.page;
    },
  };
}

const dialog = ({ page }: Person, name: string | RegExp) => page.getByRole("dialog", { name }).waitFor();
const menu = ({ page }: Person) => page.getByRole("menu").waitFor();
const words = ({ page }: Person, text: string) => page.getByText(text).first().waitFor();

/** A dialog that the menu above the list opens. */
function called(item: string, source: string): Surface {
  return room(item, source, "/", async (ada) => {
    await ada.choose(item);
    await dialog(ada, item);
  });
}

/** In the group, with a key pressed on Ada's own message. */
function over(name: string, source: string, key: string, item?: string): Surface {
  return room(name, source, "/", async (ada) => {
    await ada.open("Swimmers");
    await ada.act("at seven", key);
    if (item === undefined) return;
    await ada.page.getByRole("menuitem", { name: item }).click();
    await dialog(ada, "Read by");
  });
}

/** Beside a conversation. */
function about(name: string, title: string, source: string, open: (ada: Person) => Promise<void>): Surface {
  return room(name, `features/members/${source}`, "/", async (ada) => {
    await ada.look(title);
    await ada.openAbout(title);
    await open(ada);
  });
}

/** A question that a button there asks. */
function asked(button: string, title: string): Surface {
  return about(`${button}, asked`, title, "ConversationInfo.tsx", async (ada) => {
    await ada.page.getByRole("button", { name: button, exact: true }).click();
    await ada.page.getByRole("dialog").waitFor();
  });
}

/** Before the server has an owner. */
export const UNCLAIMED: readonly Surface<Doorstep>[] = [
  door("an unclaimed server", "LogIn.tsx", "/", "Almost there"),
  {
    name: "set-up",
    source: "features/auth/SetUp.tsx",
    show: async ({ stranger, setUpLink }) => {
      await stranger.goto(setUpLink);
      await stranger.getByRole("button", { name: "Create server" }).click();
      await stranger.getByText("Please fill this in.").first().waitFor();
      return stranger;
    },
  },
];

/** For those who are not logged in. */
export const DOORS: readonly Surface[] = [
  door("log-in", "LogIn.tsx", "/log-in", "Log in to Harbour"),
  door("a dead link", "LogIn.tsx", "/join#none", "This invite does not work any more"),
  door("a new password", "ResetPassword.tsx", "/reset#none", "Set a new password"),
  door("sign-up for everyone", "Join.tsx", "/join", "Join Harbour"),
  {
    name: "an invite",
    source: "features/auth/Join.tsx",
    show: async ({ ada, stranger }) => {
      await stranger.goto(await ada.invite());
      await stranger.getByRole("heading", { name: "Join Harbour" }).waitFor();
      return stranger;
    },
  },
  {
    name: "a server that does not answer a log-in",
    source: "features/auth/LogIn.tsx",
    show: async ({ stranger, url }) => {
      await stranger.goto(`${url}/log-in`);
      await stranger.route("**/api/**", (route) => route.abort());
      await stranger.reload();
      await stranger.getByRole("heading", { name: "The server does not answer" }).waitFor();
      return stranger;
    },
  },
  {
    name: "a server that does not answer a page",
    source: "app/Shell.tsx",
    show: async ({ stranger, url }) => {
      await stranger.goto(url);
      await stranger.getByText("The server does not answer").waitFor();
      return stranger;
    },
  },
  {
    name: "a part that broke",
    source: "app/PaneBoundary.tsx",
    show: async ({ stranger, url }) => {
      await stranger.route("**/assets/Shell-*", (route) => route.abort());
      await stranger.goto(url);
      await stranger.getByText("Something went wrong here").waitFor();
      await stranger.unrouteAll();
      return stranger;
    },
  },
];

/** For somebody who has just come. */
export const EMPTY: readonly Surface[] = [
  room("no conversations", "features/conversations/ConversationList.tsx", "/", (ada) =>
    words(ada, "No conversations yet"),
  ),
  room("a welcome", "app/Rooms.tsx", "/", (ada) => ada.seesList()),
  room("nothing to join", "features/members/OpenConversations.tsx", "/", async (ada) => {
    await ada.choose("Open conversations");
    await words(ada, "Nothing found");
  }),
  room("a conversation before its first message", "features/timeline/Origin.tsx", "/", async (ada) => {
    await ada.writeTo("Bo Diddley");
    await words(ada, "This is the beginning");
  }),
];

export const ROOMS: readonly Surface[] = [
  room("the list", "app/Rooms.tsx", "/", (ada) => ada.row("Swimmers").waitFor()),
  room("a place that is not there", "app/Rooms.tsx", "/no-such-place", (ada) =>
    words(ada, "There is nothing here"),
  ),
  room("somebody else's conversation", "app/ConversationPane.tsx", "/c/c_99999", (ada) =>
    words(ada, "This conversation is not yours"),
  ),
  room("the menu", "app/Sidebar.tsx", "/", async (ada) => {
    await ada.page.getByRole("button", { name: "Menu" }).click();
    await menu(ada);
  }),
  room("a filter without a match", "features/conversations/ConversationList.tsx", "/", async (ada) => {
    await ada.page.getByLabel("Filter conversations").fill("zzz");
    await words(ada, "No conversation matches");
  }),
  room("a kind of which there is none", "features/conversations/ConversationList.tsx", "/", async (ada) => {
    await ada.row("House news").click({ button: "right" });
    await ada.page.getByRole("menuitem", { name: "Archive" }).click();
    await ada.page.getByRole("button", { name: "Archived" }).click();
    await ada.row("House news").click({ button: "right" });
    await ada.page.getByRole("menuitem", { name: "Take out of the archive" }).click();
    await words(ada, "Nothing here");
  }),
  room("the menu of a conversation", "features/conversations/RowMenu.tsx", "/", async (ada) => {
    await ada.row("Swimmers").click({ button: "right" });
    await menu(ada);
  }),
  room("new message", "features/conversations/NewMessage.tsx", "/", async (ada) => {
    await ada.page.getByRole("button", { name: "New message" }).first().click();
    await ada.page.getByRole("option", { name: "Notes to yourself" }).waitFor();
  }),
  called("New group", "features/members/CreateConversation.tsx"),
  called("Invite people", "features/members/InvitePeople.tsx"),
  called("Open conversations", "features/members/OpenConversations.tsx"),
  called("Keys", "features/shortcuts/ShortcutHelp.tsx"),
  room("the quick switcher", "features/shortcuts/QuickSwitcher.tsx", "/", async (ada) => {
    await ada.row("Swimmers").waitFor();
    await ada.page.keyboard.press("Control+k");
    await dialog(ada, "Go to");
  }),
  over("the menu of a message", "features/timeline/MessageOver.tsx", "."),
  over("deleting a message", "features/timeline/MessageOver.tsx", "Delete"),
  over("an emoji to react with", "features/timeline/EmojiPanel.tsx", "+"),
  over("who has read", "features/timeline/ReadBy.tsx", ".", "Who has read it"),
  asked("Leave", "Swimmers"),
  asked("Delete for everyone", "Swimmers"),
  asked("Block", "Bo Diddley"),
  about("changing a group", "Swimmers", "EditConversation.tsx", async (ada) => {
    await ada.page.getByRole("button", { name: "Change" }).click();
    await dialog(ada, "Change");
  }),
  about("adding people", "Swimmers", "AddMembers.tsx", async (ada) => {
    await ada.page.getByRole("button", { name: "Add people" }).click();
    await dialog(ada, "Add people");
  }),
  about("the menu of a member", "Swimmers", "MemberList.tsx", async (ada) => {
    await ada.page.getByRole("button", { name: "What to do with Bo Diddley" }).click();
    await menu(ada);
  }),
  room("logging out", "features/settings/Settings.tsx", "/settings", async (ada) => {
    await ada.page.getByRole("button", { name: "Log out", exact: true }).last().click();
    await dialog(ada, "Log out of this device?");
  }),
  {
    name: "an invite to a group, for Bo",
    source: "features/auth/MemberInvite.tsx",
    show: async (stage) => {
      await stage.bo.page.goto(await groupLink(stage));
      await stage.bo.page.getByRole("heading", { name: "Join Swimmers" }).waitFor();
      return stage.bo.page;
    },
  },
  {
    name: "an invite to the server, for Bo",
    source: "features/auth/MemberInvite.tsx",
    show: async ({ ada, bo, url }) => {
      await ada.page.goto(url);
      await bo.page.goto("about:blank");
      await bo.page.goto(await ada.invite());
      await bo.page.getByRole("heading", { name: "You are on Harbour already" }).waitFor();
      return bo.page;
    },
  },
];

/** What stands beside or between the others: panes, bars and banners. */
export const PARTS: readonly Surface[] = [
  room("a conversation of two", "app/ConversationPane.tsx", "/", async (ada) => {
    await ada.open("Bo Diddley");
    await words(ada, "hello Ada");
  }),
  room(
    "a pinned message and an answer that is being written",
    "features/timeline/PinnedBar.tsx",
    "/",
    (ada) => answering(ada),
  ),
  room("an answer", "features/composer/ComposerBanner.tsx", "/", (ada) => answering(ada)),
  room("a group", "app/InfoPane.tsx", "/", async (ada) => {
    await ada.look("Swimmers");
    await ada.openAbout("Swimmers");
    await words(ada, "@bo.diddley");
  }),
  room("settings", "app/SettingsPane.tsx", "/settings", (ada) => words(ada, "Devices")),
  room("the ways on a phone, and kinds of conversations", "app/BottomBar.tsx", "/", (ada) =>
    ada.row("Swimmers").waitFor(),
  ),
  room("kinds of conversations", "features/conversations/FilterBar.tsx", "/", (ada) =>
    ada.page.getByRole("button", { name: "Groups" }).waitFor(),
  ),
  room("a request", "features/members/RequestBar.tsx", "/", async (ada) => {
    await ada.page.getByRole("button", { name: /1 message request/ }).click();
    await ada.look("Eve Stranger");
    await ada.page.getByRole("region", { name: "Request" }).waitFor();
  }),
];

/** After this nothing else can be seen. */
export const LAST: readonly Surface[] = [
  room("no connection", "app/ConnectionBanner.tsx", "/", async (ada, { stop }) => {
    await ada.row("Swimmers").waitFor();
    await stop();
    await words(ada, "No connection. Messages will be sent later.");
  }),
];

async function answering(ada: Person): Promise<void> {
  await ada.open("Swimmers");
  await ada.page.getByRole("button", { name: "Show the pinned message" }).waitFor();
  await ada.act("at seven", "r");
  await words(ada, "at seven");
}

async function groupLink({ ada, url }: Stage): Promise<string> {
  await ada.page.goto(url);
  await ada.look("Swimmers");
  await ada.openAbout("Swimmers");
  await ada.page.getByRole("button", { name: "Add people" }).click();
  const adding = ada.page.getByRole("dialog", { name: "Add people" });
  await adding.getByRole("button", { name: "Make an invite link" }).click();
  const field = adding.getByLabel("Invite link");
  await field.waitFor();
  return field.inputValue();
}
