/* SPDX-License-Identifier: MIT */
/* Light or dark, decided before the first paint: this runs in the head. */

type Choice = "auto" | "light" | "dark";

const KEY = "smtpmail-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Choice {
    try {
        const value = localStorage.getItem(KEY);
        return value === "light" || value === "dark" ? value : "auto";
    } catch {
        return "auto";
    }
}

function apply(): void {
    const choice = chosen();
    const dark = choice === "dark" || (choice === "auto" && system.matches);
    document.documentElement.dataset["bsTheme"] = dark ? "dark" : "light";
    dispatchEvent(new Event("smtpmail-theme"));
}

system.addEventListener("change", apply);
addEventListener("storage", (event) => {
    if (event.key === KEY) apply();
});
addEventListener("smtpmail-theme-chosen", apply);
apply();
