package dev.tidemark.server.status;

import dev.tidemark.wal.api.WalException;

/** What somebody who looks at a partition that does not work is to do. */
final class WhatToDo {
    private WhatToDo() {}

    static String about(WalException failure) {
        return switch (failure.code()) {
            case STORAGE_FULL -> "Make room on the disk. Nothing is lost, and appends go on by themselves.";
            case FORMAT_NEWER -> "Run the version that wrote it, or a newer one. Nothing was changed.";
            case TOO_MANY_OPEN_FILES -> "Raise the limit of open files of the process, then restart the server.";
            default ->
                switch (failure.remedy()) {
                    case REOPEN ->
                        "Look at the device first: its own errors, its cables, its load. Then restart the server: opening recovers what is on the disk. "
                                + "Producers repeat what was not acknowledged.";
                    case RESTORE ->
                        "Run 'wal verify' to learn how far the damage goes. Then put this partition back from a backup, or see what 'wal repair --dry-run' would give up.";
                    case RETRY, READ_BACK -> "Restart the server; nothing was changed.";
                    case FIX_ENVIRONMENT, FIX_CALL ->
                        "Something outside has to change first, as the error says; then restart the server.";
                };
        };
    }
}
