package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DiskErrorsTest {

    @Test
    void noSpaceAndOverQuota_areFull() {
        assertThat(DiskErrors.isFull(new IOException("No space left on device")))
                .isTrue();
        assertThat(DiskErrors.isFull(new FileSystemException("/d/f", null, "Disk quota exceeded")))
                .isTrue();
    }

    @Test
    void tooManyOpenFiles_inTheProcessOrTheSystem() {
        assertThat(DiskErrors.isTooManyOpenFiles(new FileSystemException("/d/f", null, "Too many open files")))
                .isTrue();
        assertThat(DiskErrors.isTooManyOpenFiles(new IOException("Too many open files in system")))
                .isTrue();
    }

    @Test
    void otherErrors_areNeither() {
        for (IOException error : new IOException[] {
            new IOException("Input/output error"), new IOException(), new FileSystemException("/d/f")
        }) {
            assertThat(DiskErrors.isFull(error)).isFalse();
            assertThat(DiskErrors.isTooManyOpenFiles(error)).isFalse();
        }
    }

    @Test
    void pathThatSaysSo_doesNotMakeTheDiskFull() {
        assertThat(DiskErrors.isFull(new FileSystemException("/no space left on device/f", null, "Input/output error")))
                .isFalse();
        assertThat(DiskErrors.isTooManyOpenFiles(
                        new FileSystemException("/too many open files", null, "Permission denied")))
                .isFalse();
    }

    @Test
    void errorOfAFullDevice_isRecognisedAsThisSystemWordsIt() throws IOException {
        Path full = Path.of("/dev/full");
        org.junit.jupiter.api.Assumptions.assumeTrue(
                Environment.real().disk().exists(full), "this system has no device that is always full");
        try (DiskFile file = Environment.real().disk().open(full, Disk.Access.READ_WRITE)) {
            Throwable error = catchThrowable(() -> file.writeFully(DiskContract.direct("x"), 0));
            assertThat(error).isInstanceOf(IOException.class);
            assertThat(DiskErrors.isFull((IOException) error)).isTrue();
        }
    }
}
