/* SPDX-License-Identifier: MIT */
/* The rich text editor: Squire, with the page's rules for what may be in it. */
import { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import Squire from "squire-rte";
import { htmlToText } from "../mail/plain";
import { editorFragment, editorStepFragment } from "../mail/sanitise";
import { safeHref } from "../mail/text";
import { Icon, IconName } from "./icon";
import { Dialog, Field } from "./parts";

/* Steps of undo go through the sanitiser too: a string never becomes HTML by
 * itself here, which the page's policy (Trusted Types) would refuse anyway. */
class Editor extends Squire {
    override _setRawHTML(html: string): this {
        const root = this._root;
        root.replaceChildren(editorStepFragment(html));
        if (!root.firstChild || root.firstChild.nodeName === "BR") root.replaceChildren(this.createDefaultBlock());
        for (const block of root.querySelectorAll("div, p, li")) {
            if (!block.firstChild) block.append(document.createElement("br"));
        }
        this._ignoreChange = true;
        return this;
    }
}

interface Tool {
    icon: IconName;
    label: string;
    tag: string;
    on: (editor: Squire) => void;
    off: (editor: Squire) => void;
}

const TOOLS: (Tool | null)[] = [
    { icon: "bold", label: "Bold", tag: "B", on: (e) => e.bold(), off: (e) => e.removeBold() },
    { icon: "italic", label: "Italic", tag: "I", on: (e) => e.italic(), off: (e) => e.removeItalic() },
    { icon: "underline", label: "Underline", tag: "U", on: (e) => e.underline(), off: (e) => e.removeUnderline() },
    { icon: "strike", label: "Strikethrough", tag: "S", on: (e) => e.strikethrough(), off: (e) => e.removeStrikethrough() },
    null,
    { icon: "list-ul", label: "Bulleted list", tag: "UL", on: (e) => e.makeUnorderedList(), off: (e) => e.removeList() },
    { icon: "list-ol", label: "Numbered list", tag: "OL", on: (e) => e.makeOrderedList(), off: (e) => e.removeList() },
    { icon: "quote", label: "Quotation", tag: "BLOCKQUOTE", on: (e) => e.increaseQuoteLevel(), off: (e) => e.decreaseQuoteLevel() },
    { icon: "code", label: "Code", tag: "CODE", on: (e) => e.toggleCode(), off: (e) => e.toggleCode() },
];

function LinkDialog({ onDone, onClose }: { onDone: (href: string) => void; onClose: () => void }): JSX.Element {
    const [text, setText] = useState("https://");
    const [problem, setProblem] = useState<string | null>(null);
    const submit = (event: Event) => {
        event.preventDefault();
        event.stopPropagation();
        const typed = text.trim();
        const href = safeHref(/^[a-z][a-z0-9+.-]*:/i.test(typed) ? typed : typed.includes("@") ? `mailto:${typed}` : `https://${typed}`);
        if (!href || typed === "https://") return setProblem("Enter a web or mail address.");
        onClose();
        onDone(href);
    };
    return (
        <Dialog title="Link" onClose={onClose}>
            <form onSubmit={submit} noValidate>
                <Field label="Address" value={text} onInput={setText} problem={problem} autofocus />
                <div class="dialog-buttons">
                    <button type="button" class="btn btn-quiet" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" class="btn btn-primary">
                        Insert link
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

interface EditorProps {
    html: string;
    reset: number;
    onChange: (html: string) => void;
    onFiles: (files: File[]) => void;
    onReady?: (focus: () => void) => void;
}

export function RichEditor({ html, reset, onChange, onFiles, onReady }: EditorProps): JSX.Element {
    const root = useRef<HTMLDivElement>(null);
    const editor = useRef<Squire | null>(null);
    const change = useRef(onChange);
    const files = useRef(onFiles);
    const initial = useRef(html);
    const [path, setPath] = useState("");
    const [linking, setLinking] = useState(false);
    change.current = onChange;
    files.current = onFiles;
    initial.current = html;

    useLayoutEffect(() => {
        if (!root.current) return undefined;
        const made = new Editor(root.current, {
            blockTag: "DIV",
            sanitizeToDOMFragment: (text: string) => editorFragment(text),
            toPlainText: htmlToText,
            didError: () => undefined,
        });
        editor.current = made;
        made.setHTML(initial.current);
        made.moveCursorToStart();
        made.addEventListener("input", () => change.current(made.getHTML()));
        made.addEventListener("pathChange", () => setPath(made.getPath()));
        made.addEventListener("pasteImage", ((event: CustomEvent<{ clipboardData: DataTransfer }>) => {
            files.current([...event.detail.clipboardData.files]);
        }) as unknown as (event: Event) => void);
        onReady?.(() => {
            made.focus();
            made.moveCursorToStart();
        });
        return () => {
            editor.current = null;
            made.destroy();
        };
    }, [reset]);

    const has = (tag: string) => new RegExp(`(?:^|>)${tag}(?:[.#>[]|$)`).test(path);
    const use = (tool: Tool) => {
        const now = editor.current;
        if (!now) return;
        if (has(tool.tag)) tool.off(now);
        else tool.on(now);
        now.focus();
    };

    return (
        <div class="editor">
            <div ref={root} class="editor-text" role="textbox" aria-multiline="true" aria-label="Message" contentEditable dir="auto" spellcheck />
            <div class="editor-tools" role="toolbar" aria-label="Formatting">
                {TOOLS.map((tool, i) =>
                    tool ? (
                        <button key={tool.label} type="button" class="icon-button" aria-label={tool.label} title={tool.label} aria-pressed={has(tool.tag)}
                            onMouseDown={(event) => event.preventDefault()} onClick={() => use(tool)}>
                            <Icon name={tool.icon} size={16} />
                        </button>
                    ) : (
                        <span key={`gap${i}`} class="tool-gap" />
                    ),
                )}
                <button type="button" class="icon-button" aria-label="Link" title="Link" aria-pressed={has("A")} onMouseDown={(event) => event.preventDefault()}
                    onClick={() => {
                        if (has("A")) editor.current?.removeLink();
                        else setLinking(true);
                    }}>
                    <Icon name="link" size={16} />
                </button>
                <button type="button" class="icon-button" aria-label="Clear formatting" title="Clear formatting"
                    onMouseDown={(event) => event.preventDefault()} onClick={() => editor.current?.removeAllFormatting()}>
                    <Icon name="eraser" size={16} />
                </button>
            </div>
            {linking && <LinkDialog onDone={(href) => editor.current?.focus().makeLink(href)} onClose={() => setLinking(false)} />}
        </div>
    );
}
