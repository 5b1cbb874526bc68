import { Route, Switch } from "wouter";
import { Join } from "#/features/auth/Join";
import { LogIn } from "#/features/auth/LogIn";
import { ResetPassword } from "#/features/auth/ResetPassword";
import { SetUp } from "#/features/auth/SetUp";
import type { UserId } from "#/proto/wire";
import { nextPath, remember } from "./entry";

/** Loads the page anew behind the door, so that nothing of before stays in memory. */
function enter(user: UserId): void {
  remember(user);
  window.location.replace(nextPath());
}

/** The screens for those who are not logged in. */
export function Doors() {
  return (
    <Switch>
      <Route path="/setup">
        <SetUp onEnter={enter} />
      </Route>
      <Route path="/join">
        <Join onEnter={enter} />
      </Route>
      <Route path="/reset">
        <ResetPassword onEnter={enter} />
      </Route>
      <Route>
        <LogIn onEnter={enter} />
      </Route>
    </Switch>
  );
}
