package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file system of a test's own: in a file that is mounted as a disk, or in memory. Needs root; a test that cannot have it is skipped and says
 * so. Closing takes it away, whatever has happened in it.
 */
final class MountedVolume implements AutoCloseable {
    private final TestDirectory directory;
    private final Path mounted;

    private MountedVolume(TestDirectory directory, Path mounted) {
        this.directory = directory;
        this.mounted = mounted;
    }

    /**
     * Makes and mounts one.
     *
     * @param test what is tested, for the reason of a skip
     * @param type ext4, xfs or tmpfs
     */
    static MountedVolume of(String test, String type, long bytes) throws IOException, InterruptedException {
        boolean isInMemory = type.equals("tmpfs");
        List<String> programs = new ArrayList<>(List.of("mount", "umount", "fallocate", "id"));
        if (!isInMemory) {
            programs.addAll(List.of("mkfs." + type, "losetup"));
        }
        Tools.require(test, programs.toArray(String[]::new));
        if (!Tools.run("id", "-u").output().strip().equals("0")) {
            Tools.skip(test + " needs root");
        }
        TestDirectory directory = TestDirectory.create();
        boolean isMounted = false;
        try {
            Path mounted = Files.createDirectory(directory.resolve("mounted"));
            Tools.Ended mount;
            if (isInMemory) {
                mount = Tools.run("mount", "-t", type, "-o", "size=" + bytes, "tidemark-test", mounted.toString());
            } else {
                Path image = format(type, directory.resolve("image"), bytes);
                mount = Tools.run("mount", "-t", type, "-o", "loop", image.toString(), mounted.toString());
            }
            isMounted = mount.exitCode() == 0;
            if (!isMounted) {
                Tools.skip(test + " needs a kernel that mounts it: "
                        + mount.output().strip());
            }
            return new MountedVolume(directory, mounted);
        } finally {
            if (!isMounted) {
                directory.close();
            }
        }
    }

    private static Path format(String type, Path image, long bytes) throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        // ext4 keeps blocks for root, who runs this: then it would never be full.
        Tools.Ended made = type.equals("xfs")
                ? Tools.run("mkfs.xfs", "-q", "-f", image.toString())
                : Tools.run("mkfs." + type, "-q", "-F", "-m", "0", image.toString());
        assertThat(made.exitCode()).as(made.output()).isZero();
        return image;
    }

    Path resolve(String name) {
        return mounted.resolve(name);
    }

    /** How much can still be written. */
    long freeBytes() throws IOException {
        return Files.getFileStore(mounted).getUsableSpace();
    }

    /** Takes all room but so much, with a file of this name. Blocks are taken, nothing is written. */
    void takeAllBut(String name, long freeBytes) throws IOException, InterruptedException {
        long bytes = freeBytes() - freeBytes;
        assertThat(bytes).as("room to take").isPositive();
        Tools.Ended taken =
                Tools.run("fallocate", "-l", Long.toString(bytes), resolve(name).toString());
        assertThat(taken.exitCode()).as(taken.output()).isZero();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        Tools.Ended unmounted = Tools.run("umount", mounted.toString());
        if (unmounted.exitCode() != 0) {
            // Somebody still has a file open. It must go all the same, when the last of them closes.
            Tools.run("umount", "-l", mounted.toString());
        }
        directory.close();
        assertThat(unmounted.exitCode()).as(unmounted.output()).isZero();
    }
}
