import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { remembered } from "./entry";
import { PaneBoundary } from "./PaneBoundary";

const Doors = lazy(() => import("./Doors").then((module) => ({ default: module.Doors })));
const Shell = lazy(() => import("./Shell").then((module) => ({ default: module.Shell })));

/** The doors by which one comes in, and the rooms behind them. */
export function App() {
  return (
    <PaneBoundary>
      <Suspense>
        <Switch>
          {["/log-in", "/setup", "/reset"].map((path) => (
            <Route key={path} path={path} component={Doors} />
          ))}
          {remembered() === undefined && <Route path="/join" component={Doors} />}
          <Route component={Shell} />
        </Switch>
      </Suspense>
    </PaneBoundary>
  );
}
