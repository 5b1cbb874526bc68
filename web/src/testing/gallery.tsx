// The rooms with made-up people, without a server: for looking at, at any size and in both themes.
// Served by `npm run dev` at /gallery.html; no part of the product's build.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Rooms } from "#/app/Rooms";
import { ClientContext } from "#/live/useClient";
import "#/ui/tokens.css";
import { gallery } from "./galleryPeople";

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <ClientContext value={gallery()}>
        <Rooms />
      </ClientContext>
    </StrictMode>,
  );
