package dev.tidemark.wal.io;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells the two errors that pass from all others: a full disk, and too many open files. Everything else counts as the
 * disk failing.
 *
 * <p>The JDK has no type for either, only the system's message, which depends on the language of the process. The English
 * texts are known here. In another language the text for a full disk is learned once, from the device that is always
 * full ({@code /dev/full}), where there is one. A text that is not recognised makes the error look graver than it is,
 * never the other way round.
 */
public final class DiskErrors {

    private static final String NO_SPACE = "no space left on device";
    private static final String OVER_QUOTA = "disk quota exceeded";
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
