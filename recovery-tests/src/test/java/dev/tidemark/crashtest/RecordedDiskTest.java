package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.io.CrashPlan;
import dev.tidemark.wal.io.NameRule;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of a trace, line by line. */
class RecordedDiskTest {
    private static final Path FILE = RecordedDisk.ROOT.resolve("f");

    @TempDir
    Path directory;

    private Path log;
    private RecordedDisk recorded;

    @BeforeEach
    void make() throws IOException {
        log = Files.createDirectory(directory.resolve("log")).toRealPath();
        recorded = new RecordedDisk(log, new Ledger());
    }

    private static String hex(String text) {
        StringBuilder escaped = new StringBuilder("\"");
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            escaped.append(String.format("\\x%02x", each));
        }
        return escaped.append('"').toString();
    }

    private void trace(String... lines) throws IOException, NotRecordableException {
        Path trace = Files.write(directory.resolve("trace"), List.of(lines));
        Trace.read(trace, recorded);
    }

    private String made() {
        return "7 openat(AT_FDCWD, " + hex(log + "/f") + ", O_RDWR|O_CREAT, 0666) = 4";
    }

    private static String shown(SimulatedDisk disk) {
        return new String(disk.contents(FILE), StandardCharsets.UTF_8);
    }

    private SimulatedDisk afterLossOfPower() {
        return recorded.disk()
                .crash(
                        CrashPlan.keepNothing(NameRule.ANY_FORCE),
                        recorded.disk().operationCount());
    }

    @Test
    void forceCoversWhatHadReturnedWhenItBegan() throws Exception {
        trace(made(), "7 pwrite64(4, " + hex("abc") + ", 3, 0) = 3", "7 fdatasync(4)   = 0");
        assertThat(shown(afterLossOfPower())).isEqualTo("abc");
    }

    @Test
    void forceDoesNotCoverAWriteThatReturnedWhileItWasUnderWay() throws Exception {
        trace(
                made(),
                "7 fsync(4) = 0",
                "8 pwrite64(4, " + hex("abc") + ", 3, 0 <unfinished ...>",
                "7 fdatasync(4 <unfinished ...>",
                "8 <... pwrite64 resumed>) = 3",
                "7 <... fdatasync resumed>) = 0");
        assertThat(shown(recorded.disk())).isEqualTo("abc");
        assertThat(afterLossOfPower().files()).containsExactly(FILE);
        assertThat(shown(afterLossOfPower())).isEmpty();
    }

    @Test
    void positionsAndCopiesOfDescriptors_areFollowed() throws Exception {
        trace(
                made(),
                "7 write(4, " + hex("abcd") + ", 4) = 2",
                "7 dup(4) = 9",
                "7 close(4) = 0",
                "7 lseek(9, 1, SEEK_CUR) = 3",
                "7 writev(9, [{iov_base=" + hex("e") + ", iov_len=1}, {iov_base=" + hex("fg") + ", iov_len=2}], 2) = 3",
                "7 read(0x9, 0x7f00, 0x10) = 0",
                "7 ftruncate(9, 8) = 0");
        assertThat(shown(recorded.disk())).isEqualTo("ab\0efg\0\0");
    }

    @Test
    void descriptorsOfOtherFiles_areLeftAlone() throws Exception {
        trace(
                made(),
                "7 close(4) = 0",
                "7 openat(AT_FDCWD, " + hex("/elsewhere") + ", O_RDWR|O_CREAT, 0666) = 4",
                "7 write(4, " + hex("x") + ", 1) = 1",
                "7 rename(" + hex("/elsewhere") + ", " + hex("/there") + ") = 0",
                "7 openat(AT_FDCWD, " + hex(log + "/g") + ", O_RDONLY) = -1 ENOENT (No such file or directory)");
        assertThat(shown(recorded.disk())).isEmpty();
        assertThat(recorded.disk().files()).containsExactly(FILE);
    }

    @Test
    void whatCannotBeFollowed_isToldAndNotPassedOver() {
        assertThatThrownBy(() -> trace(made(), "7 mmap(NULL, 8, PROT_READ|PROT_WRITE, MAP_SHARED, 4, 0) = 0x7f00"))
                .isInstanceOf(NotRecordableException.class)
                .hasMessageContaining("through a mapping");
        assertThatThrownBy(() -> trace("7 vfork() = 12")).hasMessageContaining("other processes");
        assertThatThrownBy(() -> trace("7 pwrite64(4, \"\\x00\"..., 9000000, 0) = 9000000"))
                .hasMessageContaining("at once");
        assertThatThrownBy(() -> trace("7 fdatasync(4) = -1 EIO (Input/output error)"))
                .hasMessageContaining("a force failed");
        assertThatThrownBy(() -> trace("7 copy_file_range(3, NULL, 4, NULL, 10, 0) = 10"))
                .hasMessageContaining("copy_file_range");
    }

    @Test
    void filesThatTheCallsDoNotExplain_areNoticed() throws Exception {
        trace(made(), "7 pwrite64(4, " + hex("abc") + ", 3, 0) = 3");
        Files.writeString(log.resolve("f"), "abX");
        assertThatThrownBy(() -> recorded.requireSame()).hasMessageContaining("do not add up to what is in its files");
        Files.writeString(log.resolve("f"), "abc");
        recorded.requireSame();
        Files.writeString(log.resolve("g"), "");
        assertThatThrownBy(() -> recorded.requireSame()).hasMessageContaining("files that are there");
    }
}
