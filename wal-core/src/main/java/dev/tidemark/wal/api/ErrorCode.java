package dev.tidemark.wal.api;

/** Why a call failed. Names are stable across versions and never reused for another meaning. */
public enum ErrorCode {
    // the call
    /** A partition name or number is not acceptable. */
    NAME_INVALID(Remedy.FIX_CALL),
    /** The configuration has one or more problems, all of them listed in the message. */
    CONFIG_INVALID(Remedy.FIX_CALL),
    /** An argument is outside its documented range. */
    ARGUMENT_INVALID(Remedy.FIX_CALL),
    /** The append is larger than a segment, than the memory budget or than the format allows. */
    APPEND_TOO_LARGE(Remedy.FIX_CALL),
    /** The checksum that came with the payload does not match the payload. */
    CHECKSUM_MISMATCH(Remedy.FIX_CALL),
    /** A conditional append expected another offset than the end of the log. */
    OFFSET_MISMATCH(Remedy.FIX_CALL),
    /** The log knows nothing of this producer, and its sequence is not 0: read what is there, then go on with a higher epoch at 0. */
    PRODUCER_UNKNOWN(Remedy.FIX_CALL),
    /** A producer of the same id has appended with a higher epoch: this one is not to go on. */
    PRODUCER_FENCED(Remedy.FIX_CALL),
    /** The sequence was taken so long ago that its offset is not known any more; nothing was appended again. */
    SEQUENCE_FORGOTTEN(Remedy.FIX_CALL),
    /** The sequence belongs to a batch that was another one; nothing was appended. */
    SEQUENCE_MISMATCH(Remedy.FIX_CALL),
    /** The offset lies before the start of the log. */
    OFFSET_TRIMMED(Remedy.FIX_CALL),
    /** The offset lies beyond the end of the log. */
    OFFSET_BEYOND_END(Remedy.FIX_CALL),
    /** The log was truncated below this offset: what lay there is gone. Read, or append, from its end on. */
    OFFSET_TRUNCATED(Remedy.FIX_CALL),
    /** A truncation would take away what readers may have been given, and was not asked to. */
    OFFSET_READABLE(Remedy.FIX_CALL),
    /** The partition does not exist and may not be created here. */
    PARTITION_UNKNOWN(Remedy.FIX_CALL),
    /** The store was opened read-only. */
    READ_ONLY(Remedy.FIX_CALL),
    /** A cursor, a slice or a buffer was used after it was closed. */
    CLOSED_HANDLE(Remedy.FIX_CALL),

    // load
    /** The append queue stayed full until the deadline; nothing was appended. */
    APPEND_REJECTED(Remedy.RETRY),
    /** Sequences before this one are missing, perhaps because they were refused: append them first, then the same again. */
    SEQUENCE_GAP(Remedy.RETRY),
    /** The partition remembers as many producers as it may, and none of them has expired; nothing was appended. */
    PRODUCERS_FULL(Remedy.FIX_ENVIRONMENT),
    /** An internal lock was not free until the deadline; nothing was changed. */
    LOCK_TIMEOUT(Remedy.RETRY),
    /** The wait ended by its deadline; the append goes on and its outcome is not known yet. */
    WAIT_TIMEOUT(Remedy.READ_BACK),
    /** The wait ended by an interrupt; the append goes on and its outcome is not known yet. */
    WAIT_INTERRUPTED(Remedy.READ_BACK),
    /** The calling thread was interrupted while it waited for room or for a lock; nothing was appended. */
    INTERRUPTED(Remedy.RETRY),

    // the disk
    /** The disk is full; nothing was appended, and appending works again once there is room. */
    STORAGE_FULL(Remedy.FIX_ENVIRONMENT),
    /** A write fell short and was undone, or a new segment could not be made; nothing was appended. */
    STORAGE_REFUSED(Remedy.RETRY),
    /** An I/O operation failed. */
    STORAGE_FAILED(Remedy.FIX_ENVIRONMENT),
    /** The process has too many open files. */
    TOO_MANY_OPEN_FILES(Remedy.FIX_ENVIRONMENT),

    // state
    /** Another process, or another store of this process, has the directory open for writing. */
    STORE_LOCKED(Remedy.FIX_ENVIRONMENT),
    /** The directory is not a store, or a store that was never completed. */
    STORE_UNKNOWN(Remedy.FIX_CALL),
    /** A file was written by a newer version; it was left untouched. */
    FORMAT_NEWER(Remedy.FIX_ENVIRONMENT),
    /** The store is closed or closing. */
    STORE_CLOSED(Remedy.REOPEN),
    /** The partition is closed or closing. */
    PARTITION_CLOSED(Remedy.REOPEN),
    /** The partition stopped after a failed write or force; readers go on up to what was durable. */
    PARTITION_FAILED(Remedy.REOPEN),
    /** The partition was deleted; a new one of the same name is another partition. */
    PARTITION_DELETED(Remedy.FIX_CALL),

    // damage
    /** A frame or a segment's header or seal fails its checks inside durable data. */
    SEGMENT_CORRUPT(Remedy.RESTORE),
    /** A segment is missing, or offsets do not follow one another between segments. */
    SEGMENT_MISSING(Remedy.RESTORE),
    /** A segment is shorter than what was proven durable. */
    SEGMENT_TRUNCATED(Remedy.RESTORE),
    /** A segment could not be read. */
    SEGMENT_UNREADABLE(Remedy.RESTORE),
    /** Records were here that a quarantine or a repair has given up, and has put on record. A cursor stands behind them already: call next again. */
    RECORDS_LOST(Remedy.RESTORE),
    /** STORE or PARTITION is missing or fails its checks. */
    METADATA_CORRUPT(Remedy.RESTORE),

    // the network
    /** No server could be reached, or the connection was lost, until the deadline; where it concerns an append, nothing was appended. */
    SERVER_UNREACHABLE(Remedy.RETRY),
    /** The server is there and recovers its store: it serves soon. */
    SERVER_STARTING(Remedy.RETRY),
    /** The server is shutting down and takes nothing new. */
    SERVER_STOPPING(Remedy.RETRY),
    /** A limit of the server (connections, requests in a second, requests or bytes in flight) is reached; nothing was done. */
    SERVER_BUSY(Remedy.RETRY),
    /** The client and the server have no version of the protocol in common. */
    VERSION_UNSUPPORTED(Remedy.FIX_ENVIRONMENT),
    /** The other side does not know this request. */
    REQUEST_UNKNOWN(Remedy.FIX_ENVIRONMENT),
    /** What the other side sent is no message of the protocol; the connection is closed. */
    PROTOCOL_VIOLATED(Remedy.FIX_ENVIRONMENT),
    /** The server has given a code that this version does not know; the message begins with it. */
    CODE_UNKNOWN(Remedy.FIX_ENVIRONMENT),
    /** The port speaks TLS only, or a token would go over the network in the clear: connect with TLS, and with the certificates that the server is to be verified against. */
    TLS_REQUIRED(Remedy.FIX_ENVIRONMENT),
    /** TLS was spoken to a port that speaks none: connect without, or give the server a certificate. */
    TLS_UNEXPECTED(Remedy.FIX_ENVIRONMENT),
    /** The handshake failed: the certificate of one side is not trusted by the other, has expired, or is for another name; the message says which. */
    TLS_FAILED(Remedy.FIX_ENVIRONMENT),
    /** The server does not know who this is: there is no token and no certificate, or the token is unknown, was revoked, or has expired. */
    UNAUTHENTICATED(Remedy.FIX_ENVIRONMENT),
    /** Who this is may not do that with a partition of this name, whether there is one or not. */
    NOT_PERMITTED(Remedy.FIX_ENVIRONMENT),
    /** The server has as many partitions as its clients may make; nothing was made. */
    PARTITIONS_FULL(Remedy.FIX_ENVIRONMENT);

    private final Remedy remedy;

    ErrorCode(Remedy remedy) {
        this.remedy = remedy;
    }

    /** What a caller can do about it. */
    public Remedy remedy() {
        return remedy;
    }
}
