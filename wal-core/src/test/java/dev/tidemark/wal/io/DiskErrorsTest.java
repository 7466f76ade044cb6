package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
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
    void errorsWhoseMessageIsAPath_saySoInWords() {
        assertThat(DiskErrors.said(new AccessDeniedException("/d/f"))).isEqualTo("/d/f: permission denied");
        assertThat(DiskErrors.said(new NoSuchFileException("/d/f"))).isEqualTo("/d/f: no such file or directory");
        assertThat(DiskErrors.said(new FileAlreadyExistsException("/d/f"))).isEqualTo("/d/f: file exists");
        assertThat(DiskErrors.said(new NotDirectoryException("/d/f"))).isEqualTo("/d/f: not a directory");
        assertThat(DiskErrors.said(new DirectoryNotEmptyException("/d/f"))).isEqualTo("/d/f: directory not empty");
        assertThat(DiskErrors.said(new FileSystemLoopException("/d/f")))
                .isEqualTo("/d/f: too many levels of symbolic links");
    }

    @Test
    void otherErrors_sayWhatTheSystemSaid() {
        assertThat(DiskErrors.said(new FileSystemException("/d/f", null, "Input/output error")))
                .isEqualTo("/d/f: Input/output error");
        assertThat(DiskErrors.said(new AccessDeniedException("/d/f", "/d/g", "not yours")))
                .isEqualTo("/d/f -> /d/g: not yours");
        assertThat(DiskErrors.said(new IOException("Input/output error"))).isEqualTo("Input/output error");
        assertThat(DiskErrors.said(new ClosedChannelException())).isEqualTo("ClosedChannelException");
    }

    @Test
    void reason_hasNoPath() {
        assertThat(DiskErrors.reason(new AccessDeniedException("/d/f"))).isEqualTo("permission denied");
        assertThat(DiskErrors.reason(new FileSystemException("/d/f", null, "Input/output error")))
                .isEqualTo("Input/output error");
        assertThat(DiskErrors.reason(new FileSystemException("/d/f"))).isEqualTo("no reason given");
        assertThat(DiskErrors.reason(new IOException("Input/output error"))).isEqualTo("Input/output error");
    }

    @Test
    void missingPermission_isToldFromAFailingDisk() {
        assertThat(DiskErrors.isDenied(new AccessDeniedException("/d/f"))).isTrue();
        assertThat(DiskErrors.isDenied(new FileSystemException("/d/f", null, "Operation not permitted")))
                .isTrue();
        assertThat(DiskErrors.isDenied(new FileSystemException("/permission denied", null, "Input/output error")))
                .isFalse();
        assertThat(DiskErrors.isDenied(new NoSuchFileException("/permission denied")))
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
