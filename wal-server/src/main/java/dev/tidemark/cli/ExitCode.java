package dev.tidemark.cli;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.WalException;
import java.util.LinkedHashMap;
import java.util.Map;

/** How a command ends, as a number that scripts may rely on. The table in {@code docs/cli.md} has the same rows. */
public enum ExitCode {
    OK(0, "it is done, and nothing is wrong"),
    FAILED(1, "it failed: the disk, the store, or a promise that did not hold"),
    USAGE(2, "the call is wrong: a command, an option, an argument or a partition name"),
    NOT_FOUND(3, "no such directory, store, partition, file or offset"),
    LOCKED(4, "another process has the store open for writing"),
    DAMAGED(5, "data that were acknowledged are damaged"),
    UNDECIDED(6, "verify: nothing is wrong but an undecided tail, torn or damaged"),
    UNREADABLE(7, "something could not be read, so nothing can be said about it"),
    NEWER(8, "a file was written by a newer version; it was left alone"),
    REFUSED(9, "an append was refused, and is not in the log"),
    UNKNOWN(10, "the outcome of an append is not known; read the log to learn it"),
    BROKEN(11, "crash-test: a promise of the log under test did not hold"),
    UNTESTED(12, "crash-test: the log could not be tested, so nothing is said about it"),
    INTERRUPTED(130, "ended by an interrupt (Ctrl-C)"),
    PIPE_CLOSED(141, "whoever read the output has gone, as in a pipe into head");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    /** The number itself. */
    public int number() {
        return number;
    }

    String meaning() {
        return meaning;
    }

    /** What an error of the engine means for the process. */
    static ExitCode of(WalException error) {
        return switch (error.code()) {
            case NAME_INVALID, CONFIG_INVALID, ARGUMENT_INVALID -> USAGE;
            case STORE_UNKNOWN, PARTITION_UNKNOWN, PARTITION_DELETED, OFFSET_TRIMMED, OFFSET_BEYOND_END -> NOT_FOUND;
            case STORE_LOCKED -> LOCKED;
            case FORMAT_NEWER -> NEWER;
            case SEGMENT_UNREADABLE -> UNREADABLE;
            default -> byWhatIsKnown(error);
        };
    }

    private static ExitCode byWhatIsKnown(WalException error) {
        if (error instanceof DamageException) {
            return DAMAGED;
        }
        if (error instanceof AppendRefusedException) {
            return REFUSED;
        }
        return error instanceof OutcomeUnknownException ? UNKNOWN : FAILED;
    }

    /** Number to meaning, in order, as the help prints it. */
    static Map<String, String> table() {
        Map<String, String> table = new LinkedHashMap<>();
        for (ExitCode code : values()) {
            table.put(Integer.toString(code.number), code.meaning);
        }
        return table;
    }
}
