package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kill harness on file systems with a journal, in a file that is mounted as a disk. Needs root. */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class JournaledFileSystemTest {
    /** XFS takes no less than 300 MiB. */
    private static final long IMAGE_BYTES = 400L << 20;

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs"})
    void whatAKilledProcessHadAcknowledged_isThere(String type) throws Exception {
        String test = "killing on a loop-mounted " + type;
        Tools.require(test, "mkfs." + type, "losetup", "mount", "umount", "id");
        if (!Tools.run("id", "-u").output().strip().equals("0")) {
            Tools.skip(test + " needs root");
        }
        try (TestDirectory directory = TestDirectory.create()) {
            Path image = directory.resolve("image");
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                file.setLength(IMAGE_BYTES);
            }
            Tools.Ended made = Tools.run("mkfs." + type, "-q", type.equals("xfs") ? "-f" : "-F", image.toString());
            assertThat(made.exitCode()).as(made.output()).isZero();
            Path mounted = Files.createDirectory(directory.resolve("mounted"));
            Tools.Ended mount = Tools.run("mount", "-t", type, "-o", "loop", image.toString(), mounted.toString());
            if (mount.exitCode() != 0) {
                Tools.skip(test + " needs a kernel that mounts it: "
                        + mount.output().strip());
            }
            try {
                long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
                KillHarness harness = new KillHarness(mounted.resolve("store"), seed);
                try {
                    harness.run((int) StressBudget.number("tidemark.kills.mounted", 2, 4, 50));
                } finally {
                    System.out.println(type + ": " + harness.table());
                }
            } finally {
                Tools.Ended unmounted = Tools.run("umount", mounted.toString());
                assertThat(unmounted.exitCode()).as(unmounted.output()).isZero();
            }
        }
    }
}
