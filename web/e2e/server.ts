// A server of its own for each test: the real binary on a free port, with data in a folder that goes with the test.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** So long a start may take on a busy machine. */
const START_MS = 30_000;
const LOOK_EVERY_MS = 50;
const LINK = /http:\/\/localhost:(\d+)\/setup#\S+/;

/** Settings of the server by name, such as `rules.sign_up`. */
export type Settings = Readonly<Record<string, string>>;

/** Right after a start nobody is told to be away; the tests begin right after a start. */
const ALWAYS: Settings = { "timers.presence_silence_ms": "50", "http.admin_listen": "" };

export class Server {
  readonly #settings: Settings;
  readonly #binary: string;
  readonly #home: string;
  #data: string;
  #process: ChildProcess | undefined;
  #printed = "";
  #port = 0;

  private constructor(binary: string, home: string, settings: Settings) {
    this.#settings = settings;
    this.#binary = binary;
    this.#home = home;
    this.#data = join(home, "data");
  }

  /** A new server, which has no owner yet. */
  static async start(settings: Settings = {}): Promise<Server> {
    const binary = process.env.VOODOO_BIN;
    if (!binary) throw new Error("VOODOO_BIN must name the server's binary");
    const server = new Server(binary, await mkdtemp(join(tmpdir(), "voodoo-e2e-")), settings);
    await server.#run();
    server.#port = Number((await server.#find(LINK))[1]);
    return server;
  }

  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  /** The link by which the owner is made, as it was printed. */
  get setUpLink(): string {
    const link = LINK.exec(this.#printed)?.[0];
    if (link === undefined) throw new Error(`no set-up link was printed:\n${this.#printed}`);
    return link;
  }

  /** Ends the process at once, as a loss of power would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the process as an operator would. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Starts on the same data and port. */
  async restart(): Promise<void> {
    await this.#run();
    await this.#until("answers", async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#home, { recursive: true, force: true });
  }

  /** Makes a backup beside the running server; returns where it is. */
  async backUp(): Promise<string> {
    const to = join(this.#home, "backups");
    const made = await this.#tell("--data", this.#data, "backup", "create", "--to", to, "--json");
    return (JSON.parse(made) as { path: string }).path;
  }

  /** Puts a backup in the place of the data; the server has to be down. */
  async restore(backup: string): Promise<void> {
    this.#data = join(this.#home, "restored");
    await this.#tell("restore", backup, "--into", this.#data);
  }

  /** Runs a command to its end; returns what it printed. */
  async #tell(...words: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#binary, words);
    return stdout;
  }

  async #run(): Promise<void> {
    const listen = `127.0.0.1:${this.#port}`;
    const child = spawn(this.#binary, ["--data", this.#data, "--listen", listen], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...toEnvironment({ ...ALWAYS, ...this.#settings }) },
    });
    const keep = (bytes: Buffer) => {
      this.#printed += bytes.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.#process = child;
  }

  async #find(pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await this.#until(`prints ${pattern}`, async () => {
      found = pattern.exec(this.#printed);
      return found !== null;
    });
    return found as unknown as RegExpExecArray;
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!(await holds().catch(() => false))) {
      const code = this.#process?.exitCode;
      if (Date.now() > deadline || (code !== null && code !== undefined))
        throw new Error(`the server never ${what} (exit code ${code}):\n${this.#printed}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}

/** `rules.sign_up` is `VOODOO_RULES__SIGN_UP` in the environment. */
function toEnvironment(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `VOODOO_${name.replaceAll(".", "__").toUpperCase()}`,
      value,
    ]),
  );
}
