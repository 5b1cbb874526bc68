// The emoji that stand at hand: those used last, then those that most people use.
const KEY = "voodoo.emoji";
const COMMON = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];
const N_QUICK = 6;

function stored(): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(parsed) ? parsed.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}

export function quickEmoji(): readonly string[] {
  return [...new Set([...stored(), ...COMMON])].slice(0, N_QUICK);
}

export function rememberEmoji(emoji: string): void {
  try {
    localStorage.setItem(
      KEY,
      JSON.stringify([emoji, ...stored().filter((other) => other !== emoji)].slice(0, N_QUICK)),
    );
  } catch {
    // Without storage the common ones stay at hand.
  }
}

/** More to choose from, by what they are for. */
export const MORE_EMOJI: readonly string[] = [
  ..."👍👎👏🙌🤝🙏💪👋🤔👀🔥✨🎉🎂🏆💯✅❌❓❗",
  ..."😀😄😁😂🤣😊😉😍😘😎🤩🥳😇🙂🙃😏😴🤗",
  ..."😮😲😳🥺😢😭😤😡🤯😱😬🙄🤦🤷🤒🤕💀👻",
  ..."💛💚💙💜🖤💔☕🍺🍕🌞🌈🌊🚀🐛🎶📌📎📅",
];
