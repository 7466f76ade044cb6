package dev.tidemark.client;

import dev.tidemark.client.protocol.WireError;
import dev.tidemark.client.tls.TlsRecords;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What the client itself has to say, with one wording for each. What the server says is passed on as it is. */
final class ClientErrors {
    /** The offset of an append of which the server has said nothing. */
    static final long NO_OFFSET = -1;

    private ClientErrors() {}

    /** The same error for another append: {@code indexInBatch} records behind the one it was told for. */
    static WalException sameFor(WalException why, int indexInBatch) {
        if (why instanceof OutcomeUnknownException unknown) {
            long offset = unknown.offset() < 0 ? NO_OFFSET : unknown.offset() + indexInBatch;
            return new OutcomeUnknownException(why.code(), withoutCode(why), offset, why.getCause());
        }
        return WireError.of(why).toException();
    }

    private static String withoutCode(WalException error) {
        String said = String.valueOf(error.getMessage());
        String code = error.code() + " ";
        return said.startsWith(code) ? said.substring(code.length()) : said;
    }

    /** What the log said about an append of which an earlier copy may have arrived. */
    static OutcomeUnknownException unknownBecause(WalException why) {
        return new OutcomeUnknownException(
                why.code(), "an earlier attempt may be in the log; " + withoutCode(why), NO_OFFSET, why);
    }

    /** An append that the log did not have, while a copy of one before it may still come, and bring a copy of this one. */
    static OutcomeUnknownException gapMayBeFilled(PartitionId partition) {
        return new OutcomeUnknownException(
                ErrorCode.SEQUENCE_GAP,
                "an append before this one had an unknown outcome, and copies of both may be on their way: partition="
                        + partition,
                NO_OFFSET,
                null);
    }

    static AppendRefusedException noRoom(PartitionId partition, BufferRoom room, long waitedMillis) {
        return new AppendRefusedException(
                ErrorCode.APPEND_REJECTED,
                "the client's buffer stayed full: partition=" + partition + " bufferedBytes=" + room.takenBytes()
                        + " waitedMillis=" + waitedMillis);
    }

    static AppendRefusedException interruptedBeforeRoom(PartitionId partition, InterruptedException cause) {
        return new AppendRefusedException(
                ErrorCode.INTERRUPTED,
                "interrupted while waiting for room in the client's buffer: partition=" + partition,
                cause);
    }

    /** The deadline of an append that was never sent. */
    static AppendRefusedException neverSent(PartitionId partition, String server, boolean isConnected) {
        return isConnected
                ? new AppendRefusedException(
                        ErrorCode.APPEND_REJECTED,
                        "the deadline passed behind appends that are not answered: partition=" + partition + " server="
                                + server)
                : new AppendRefusedException(
                        ErrorCode.SERVER_UNREACHABLE,
                        "no connection until the deadline, the append was never sent: partition=" + partition
                                + " server=" + server);
    }

    static AppendRefusedException interruptedBeforeSent(PartitionId partition) {
        return new AppendRefusedException(
                ErrorCode.INTERRUPTED, "interrupted before the append was sent: partition=" + partition);
    }

    static OutcomeUnknownException deadlinePassed(PartitionId partition) {
        return new OutcomeUnknownException(
                ErrorCode.WAIT_TIMEOUT,
                "the deadline passed before the server answered, and the append goes on: partition=" + partition,
                NO_OFFSET,
                null);
    }

    static OutcomeUnknownException interrupted(PartitionId partition) {
        return new OutcomeUnknownException(
                ErrorCode.WAIT_INTERRUPTED,
                "interrupted before the server answered, and the append goes on: partition=" + partition,
                NO_OFFSET,
                null);
    }

    static OutcomeUnknownException closedBeforeAnswer(PartitionId partition) {
        return new OutcomeUnknownException(
                ErrorCode.PARTITION_CLOSED,
                "the client was closed before the server answered: partition=" + partition,
                NO_OFFSET,
                null);
    }

    static UnavailableException closed(PartitionId partition) {
        return new UnavailableException(ErrorCode.PARTITION_CLOSED, "the client is closed: partition=" + partition);
    }

    static UnavailableException clientClosed(String server) {
        return new UnavailableException(ErrorCode.STORE_CLOSED, "the client is closed: server=" + server);
    }

    /** A request that changes nothing, or whose repeat gives the same, was not answered in time. */
    static UnavailableException unreachable(String server, String what, @Nullable Throwable lastFailure) {
        String because = lastFailure == null ? "" : " (" + lastFailure.getMessage() + ")";
        return new UnavailableException(
                ErrorCode.SERVER_UNREACHABLE,
                "no answer until the deadline: server=" + server + " request=" + what + because,
                lastFailure);
    }

    static UnavailableException interruptedWaiting(String server, String what, InterruptedException cause) {
        return new UnavailableException(
                ErrorCode.INTERRUPTED,
                "interrupted while waiting for an answer: server=" + server + " request=" + what,
                cause);
    }

    static InvalidCallException tooLarge(PartitionId partition, long bytes, long largest) {
        return new InvalidCallException(
                ErrorCode.APPEND_TOO_LARGE,
                "append is larger than can be sent: partition=" + partition + " bytes=" + bytes + " largest="
                        + largest);
    }

    static InvalidCallException closedCursor(PartitionId partition) {
        return new InvalidCallException(ErrorCode.CLOSED_HANDLE, "cursor was closed: partition=" + partition);
    }

    /** What the peer sent where a handshake was to come is no TLS: it would have to be said in TLS to be read. */
    static UnavailableException noTls(String server) {
        return new UnavailableException(
                ErrorCode.TLS_UNEXPECTED, "the server speaks no TLS on this port: server=" + server);
    }

    static UnavailableException clearToken(String server) {
        return new UnavailableException(
                ErrorCode.TLS_REQUIRED,
                "a token is not sent to another machine in the clear: server=" + server
                        + "; use TLS, or say insecureClearTextToken");
    }

    static UnavailableException tlsFailed(String server, SSLException failure) {
        return new UnavailableException(
                ErrorCode.TLS_FAILED,
                "no TLS connection: server=" + server + " (" + TlsRecords.reasonOf(failure) + ')',
                failure);
    }

    static UnavailableException violated(String server, String what) {
        return new UnavailableException(ErrorCode.PROTOCOL_VIOLATED, what + ": server=" + server);
    }
}
