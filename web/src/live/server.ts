// The HTTP door of the server that served this page.
import { createHttp } from "#/sync/http";

export const http = createHttp((path, init) => fetch(path, init));
