/* SPDX-License-Identifier: MIT */
import { h, JSX } from "preact";
import archive from "icon:archive";
import arrowLeft from "icon:arrow-left";
import arrowClockwise from "icon:arrow-clockwise";
import bell from "icon:envelope";
import boxArrow from "icon:box-arrow-right";
import check from "icon:check2";
import checkAll from "icon:check2-all";
import chevronDown from "icon:chevron-down";
import chevronUp from "icon:chevron-up";
import clock from "icon:clock";
import code from "icon:code";
import dash from "icon:dash-lg";
import download from "icon:download";
import eraser from "icon:eraser";
import exclamation from "icon:exclamation-triangle";
import file from "icon:file-earmark";
import fileImage from "icon:file-earmark-image";
import fileText from "icon:file-earmark-text";
import fileZip from "icon:file-earmark-zip";
import folder from "icon:folder";
import folderPlus from "icon:folder-plus";
import forward from "icon:forward";
import gear from "icon:gear";
import image from "icon:image";
import inbox from "icon:inbox";
import junk from "icon:shield-exclamation";
import key from "icon:key";
import keyboard from "icon:keyboard";
import link from "icon:link-45deg";
import list from "icon:list";
import listOl from "icon:list-ol";
import listUl from "icon:list-ul";
import lock from "icon:lock";
import mailOpen from "icon:envelope-open";
import moon from "icon:moon-stars";
import paperclip from "icon:paperclip";
import pencil from "icon:pencil-square";
import person from "icon:person";
import plus from "icon:plus-lg";
import question from "icon:question-circle";
import quote from "icon:quote";
import reply from "icon:reply";
import replyAll from "icon:reply-all";
import restore from "icon:arrow-counterclockwise";
import search from "icon:search";
import send from "icon:send";
import laptop from "icon:laptop";
import star from "icon:star";
import starFill from "icon:star-fill";
import sun from "icon:sun";
import three from "icon:three-dots";
import trash from "icon:trash3";
import bold from "icon:type-bold";
import italic from "icon:type-italic";
import strike from "icon:type-strikethrough";
import underline from "icon:type-underline";
import fullscreen from "icon:arrows-angle-expand";
import wifiOff from "icon:wifi-off";
import x from "icon:x-lg";

const ICONS = {
    archive, "arrow-left": arrowLeft, refresh: arrowClockwise, mail: bell, "log-out": boxArrow, check, "check-all": checkAll,
    "chevron-down": chevronDown, "chevron-up": chevronUp, clock, code, dash, download, eraser, warning: exclamation, file,
    "file-image": fileImage, "file-text": fileText, "file-zip": fileZip, folder, "folder-plus": folderPlus, forward,
    gear, image, inbox, junk, key, keyboard, link, list, "list-ol": listOl, "list-ul": listUl, lock, "mail-open": mailOpen,
    moon, paperclip, pencil, person, plus, question, quote, reply, "reply-all": replyAll, restore, search, send, laptop, star,
    "star-fill": starFill, sun, more: three, trash, bold, italic, strike, underline, fullscreen, "wifi-off": wifiOff, x,
};

export type IconName = keyof typeof ICONS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
    return (
        <svg class="icon" width={size} height={size} viewBox="0 0 16 16" fill="currentColor" aria-hidden="true" focusable="false">
            {ICONS[name].map(([tag, attributes]) => h(tag, attributes))}
        </svg>
    );
}

interface IconButtonProps {
    icon: IconName;
    label: string;
    onClick: (event: MouseEvent) => void;
    hint?: string;
    class?: string;
    pressed?: boolean;
    disabled?: boolean;
    size?: number;
}

/* A button that is only a drawing: its name is for everybody who cannot see
 * it, its hint for those who do not know it. */
export function IconButton(props: IconButtonProps): JSX.Element {
    return (
        <button
            type="button"
            class={`icon-button ${props.class ?? ""}`}
            aria-label={props.label}
            aria-pressed={props.pressed}
            title={props.hint ? `${props.label} (${props.hint})` : props.label}
            disabled={props.disabled}
            onClick={props.onClick}
        >
            <Icon name={props.icon} size={props.size ?? 17} />
        </button>
    );
}
