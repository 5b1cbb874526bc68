import { type PointerEvent, useRef } from "react";

const LONG_PRESS_MS = 450;
/** A finger that moves further scrolls. */
const MOVED_PX = 10;

/** Handlers that call back where a finger rests; the click that would follow is not one. */
export function useLongPress(onPress: (x: number, y: number) => void) {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number }>(undefined);
  const has_pressed = useRef(false);
  const end = () => clearTimeout(press.current?.timer);
  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      has_pressed.current = false;
      if (event.pointerType !== "touch") return;
      const { clientX: x, clientY: y } = event;
      const timer = setTimeout(() => {
        has_pressed.current = true;
        onPress(x, y);
      }, LONG_PRESS_MS);
      press.current = { timer, x, y };
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const at = press.current;
      if (at && Math.hypot(event.clientX - at.x, event.clientY - at.y) > MOVED_PX) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    onClickCapture(event: { preventDefault(): void; stopPropagation(): void }) {
      if (!has_pressed.current) return;
      has_pressed.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
