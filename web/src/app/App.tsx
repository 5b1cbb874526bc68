import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";

const Doors = lazy(() => import("./Doors").then((module) => ({ default: module.Doors })));
const Shell = lazy(() => import("./Shell").then((module) => ({ default: module.Shell })));

/** The routes: the doors by which one comes in, and the shell behind them. */
export function App() {
  return (
    <Suspense>
      <Switch>
        <Route path="/log-in" component={Doors} />
        <Route component={Shell} />
      </Switch>
    </Suspense>
  );
}
