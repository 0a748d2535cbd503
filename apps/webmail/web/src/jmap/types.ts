/* SPDX-License-Identifier: MIT */
/* The objects of RFC 8620 and RFC 8621, as far as the page uses them. */

export type Id = string;

export interface Address {
    name: string | null;
    email: string;
}

export type Rights =
    | "mayReadItems"
    | "mayAddItems"
    | "mayRemoveItems"
    | "maySetSeen"
    | "maySetKeywords"
    | "mayCreateChild"
    | "mayRename"
    | "mayDelete"
    | "maySubmit";

/* RFC 8621, 2 */
export interface Mailbox {
    id: Id;
    name: string;
    parentId: Id | null;
    role: string | null;
    sortOrder: number;
    totalEmails: number;
    unreadEmails: number;
    totalThreads: number;
    unreadThreads: number;
    myRights?: Partial<Record<Rights, boolean>>;
}

export type Flags = Record<string, boolean>;

/* What a list shows of an email (RFC 8621, 4.1). */
export interface EmailHead {
    id: Id;
    threadId: Id;
    mailboxIds: Flags;
    keywords: Flags;
    from: Address[] | null;
    to: Address[] | null;
    cc: Address[] | null;
    subject: string | null;
    preview: string;
    receivedAt: string;
    sentAt: string | null;
    size: number;
    hasAttachment: boolean;
}

export interface BodyPart {
    partId: string | null;
    blobId: Id | null;
    size: number;
    name: string | null;
    type: string;
    charset: string | null;
    disposition: string | null;
    cid: string | null;
}

export interface BodyValue {
    value: string;
    isEncodingProblem?: boolean;
    isTruncated?: boolean;
}

/* What reading and answering an email need on top. */
export interface EmailBody {
    id: Id;
    blobId: Id;
    bcc: Address[] | null;
    replyTo: Address[] | null;
    messageId: string[] | null;
    inReplyTo: string[] | null;
    references: string[] | null;
    textBody: BodyPart[];
    htmlBody: BodyPart[];
    attachments: BodyPart[];
    bodyValues: Record<string, BodyValue>;
}

/* Ours: deleted for good, and can be had again (docs/http.md). */
export interface RemovedEmail {
    id: Id;
    threadId: Id;
    size: number;
    receivedAt: string;
    removedAt: string;
    expiresAt: string;
    subject: string;
    from: string;
}

export interface Thread {
    id: Id;
    emailIds: Id[];
}

/* RFC 8621, 6 */
export interface Identity {
    id: Id;
    name: string;
    email: string;
    replyTo: Address[] | null;
    bcc: Address[] | null;
    textSignature: string;
    htmlSignature: string;
    mayDelete: boolean;
}

/* RFC 8621, 7 */
export interface DeliveryStatus {
    smtpReply: string;
    delivered: "queued" | "yes" | "no" | "unknown";
    displayed: "unknown" | "yes";
    /* Ours, of mail to other hosts: when it is tried next, where it was last,
     * and how that was secured ("": in the clear). */
    nextAttempt?: string | null;
    lastAttempt?: string | null;
    host?: string;
    tls?: string;
}

export interface EmailSubmission {
    id: Id;
    emailId: Id;
    identityId: Id | null;
    sendAt: string;
    undoStatus: "pending" | "final" | "canceled";
    deliveryStatus: Record<string, DeliveryStatus> | null;
}

export interface GetResponse<T> {
    accountId: Id;
    state: string;
    list: T[];
    notFound: Id[];
}

export interface QueryResponse {
    accountId: Id;
    queryState: string;
    position: number;
    ids: Id[];
    total?: number;
    /* Ours: messages that the index of the server has yet to see. */
    unindexed?: number;
}

export interface ChangesResponse {
    oldState: string;
    newState: string;
    hasMoreChanges: boolean;
    created: Id[];
    updated: Id[];
    destroyed: Id[];
}

export interface SetError {
    type: string;
    description?: string | null;
    properties?: string[];
    invalidRecipients?: string[];
    maxSize?: number;
    maxRecipients?: number;
    existingId?: Id;
}

export interface SetResponse {
    accountId: Id;
    oldState: string | null;
    newState: string;
    created: Record<string, { id: Id; threadId?: Id; blobId?: Id; undoStatus?: string; sendAt?: string }> | null;
    updated: Record<string, unknown> | null;
    destroyed: Id[] | null;
    notCreated: Record<string, SetError> | null;
    notUpdated: Record<string, SetError> | null;
    notDestroyed: Record<string, SetError> | null;
}

export interface UploadResponse {
    accountId: Id;
    blobId: Id;
    type: string;
    size: number;
}

export interface CoreLimits {
    maxSizeUpload: number;
    maxConcurrentUpload: number;
    maxSizeRequest: number;
    maxConcurrentRequests: number;
    maxCallsInRequest: number;
    maxObjectsInGet: number;
    maxObjectsInSet: number;
}

/* RFC 8620, 2 */
export interface SessionObject {
    capabilities: Record<string, unknown>;
    accounts: Record<Id, { name: string; accountCapabilities: Record<string, unknown> }>;
    primaryAccounts: Record<string, Id>;
    username: string;
    apiUrl: string;
    downloadUrl: string;
    uploadUrl: string;
    eventSourceUrl: string;
    state: string;
}

/* RFC 8620, 7.1 */
export type Changed = Record<string, string>;

export interface StateChange {
    "@type": "StateChange";
    changed: Record<Id, Changed>;
}

export type Invocation = [name: string, args: Record<string, unknown>, callId: string];

export interface ApiResponse {
    methodResponses: Invocation[];
    createdIds?: Record<string, Id>;
    sessionState: string;
}
