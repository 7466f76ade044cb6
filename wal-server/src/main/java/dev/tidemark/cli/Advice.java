package dev.tidemark.cli;

import dev.tidemark.wal.api.WalException;

/** What to do about an error of the engine, in the words of the command line. */
final class Advice {
    private Advice() {}

    static String on(WalException error) {
        return switch (error.code()) {
            case STORE_LOCKED -> "stop that process, or use a command that only reads: stat, dump, verify, fetch, tail";
            case STORE_UNKNOWN -> "--data names the directory that holds the store; 'wal produce' makes a new one";
            case PARTITION_UNKNOWN -> "'wal stat --data DIR' lists the partitions";
            case NAME_INVALID -> "a partition is written NAME-NUMBER, such as orders-0";
            case OFFSET_TRIMMED, OFFSET_BEYOND_END ->
                "'wal stat --data DIR' shows where each partition starts and ends";
            case FORMAT_NEWER -> "use the version of wal that wrote it, or a newer one; nothing was changed";
            case TOO_MANY_OPEN_FILES -> "raise the limit of open files (ulimit -n)";
            case STORAGE_FULL -> "make room on the disk; nothing that was acknowledged is lost";
            case TLS_REQUIRED -> "say --tls, or --tls-trust FILE with the certificate of the server's authority";
            case TLS_UNEXPECTED -> "leave out --tls and its like, or start the server with --tls-cert and --tls-key";
            case NOT_PERMITTED -> "the server's file of permissions has no line for it";
            case PARTITIONS_FULL -> "delete partitions, or start the server with a larger --max-partitions";
            case UNAUTHENTICATED ->
                "say --token-file FILE, or --tls-cert and --tls-key; 'wal token create' makes a token";
            case TLS_FAILED -> "docs/security.md says what each reason means";
            default -> byRemedy(error);
        };
    }

    private static String byRemedy(WalException error) {
        return switch (error.remedy()) {
            case FIX_CALL -> "the same call fails again: change it";
            case RETRY -> "nothing was changed: try again";
            case FIX_ENVIRONMENT ->
                "something outside has to change first (the disk, a limit, a permission); then try again";
            case REOPEN -> "run the command again: opening recovers";
            case READ_BACK -> "read the log at that offset ('wal fetch') to learn whether it is there";
            case RESTORE ->
                "run 'wal verify --data DIR' for every damaged place; restore a backup, or see what 'wal repair --dry-run' would give up";
        };
    }
}
