package dev.tidemark.wal.io;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an error of the disk is. Two pass and are told from all others: a full disk, and too many open files. Everything else counts
 * as the disk failing; who had no permission is only told so.
 *
 * <p>The JDK has no type for either, only the system's message, which depends on the language of the process. The English
 * texts are known here. In another language the text for a full disk is learned once, from the device that is always
 * full ({@code /dev/full}), where there is one. A text that is not recognised makes the error look graver than it is,
 * never the other way round.
 */
public final class DiskErrors {

    private static final String NO_SPACE = "no space left on device";
    private static final String OVER_QUOTA = "disk quota exceeded";
    private static final String DENIED = "permission denied";
    private static final String NOT_PERMITTED = "operation not permitted";
    private static final String TOO_MANY_IN_PROCESS = "too many open files";
    private static final String TOO_MANY_IN_SYSTEM = "too many open files in system";

    private DiskErrors() {}

    /** Whether the volume or the owner's quota has no room left. */
    public static boolean isFull(IOException error) {
        String reason = reasonOf(error);
        if (reason.isEmpty()) {
            return false;
        }
        return reason.contains(NO_SPACE) || reason.contains(OVER_QUOTA) || reason.equals(LocalText.NO_SPACE);
    }

    /** Whether the process or the system has used up its file descriptors. */
    public static boolean isTooManyOpenFiles(IOException error) {
        String reason = reasonOf(error);
        return reason.contains(TOO_MANY_IN_PROCESS) || reason.contains(TOO_MANY_IN_SYSTEM);
    }

    /** Whether the process was not permitted what it asked for. The disk and the file may be as they should be. */
    public static boolean isDenied(IOException error) {
        if (error instanceof AccessDeniedException) {
            return true;
        }
        String reason = reasonOf(error);
        return reason.equals(DENIED) || reason.equals(NOT_PERMITTED);
    }

    /** What went wrong, for a message: the JDK's own for the commonest errors is the path and no word more. */
    public static String said(IOException error) {
        @Nullable String words = wordsFor(error);
        if (words != null
                && error instanceof FileSystemException ofFile
                && ofFile.getReason() == null
                && ofFile.getFile() != null) {
            return ofFile.getMessage() + ": " + words;
        }
        @Nullable String message = error.getMessage();
        return message != null
                ? message
                : words != null ? words : error.getClass().getSimpleName();
    }

    /** The same without the path, where the message has its own. */
    public static String reason(IOException error) {
        if (error instanceof FileSystemException ofFile) {
            @Nullable String reason = ofFile.getReason();
            @Nullable String words = wordsFor(error);
            return reason != null ? reason : words != null ? words : "no reason given";
        }
        return said(error);
    }

    private static @Nullable String wordsFor(IOException error) {
        if (error instanceof AccessDeniedException) {
            return DENIED;
        } else if (error instanceof NoSuchFileException) {
            return "no such file or directory";
        } else if (error instanceof FileAlreadyExistsException) {
            return "file exists";
        } else if (error instanceof NotDirectoryException) {
            return "not a directory";
        } else if (error instanceof DirectoryNotEmptyException) {
            return "directory not empty";
        } else if (error instanceof FileSystemLoopException) {
            return "too many levels of symbolic links";
        }
        return null;
    }

    /** What the system said, without the path, which could hold any words. */
    private static String reasonOf(IOException error) {
        @Nullable String reason = error instanceof FileSystemException ofFile ? ofFile.getReason() : error.getMessage();
        return reason == null ? "" : reason.toLowerCase(Locale.ROOT);
    }

    /** Whether the error passes, once there is room or a descriptor. */
    public static boolean isPassing(IOException error) {
        return isFull(error) || isTooManyOpenFiles(error);
    }

    /** The local text for a full disk, learned at the first error that is not plain without it. */
    private static final class LocalText {
        static final String NO_SPACE = learn();

        private static String learn() {
            try (FileOutputStream full = new FileOutputStream("/dev/full")) {
                full.write(0);
                return DiskErrors.NO_SPACE;
            } catch (java.io.FileNotFoundException e) {
                return DiskErrors.NO_SPACE;
            } catch (IOException e) {
                return reasonOf(e);
            }
        }
    }
}
