package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Operations of all kinds in random order, for tests of the simulated disk itself. */
final class RandomWorkload {
    private final SimulatedDisk disk;
    private final Path directory;
    private final Random random;
    private final List<DiskFile> open = new ArrayList<>();
    private int named;

    private RandomWorkload(SimulatedDisk disk, Path directory, Random random) {
        this.disk = disk;
        this.directory = directory;
        this.random = random;
    }

    static void run(SimulatedDisk disk, Path directory, Random random, int steps) throws IOException {
        RandomWorkload workload = new RandomWorkload(disk, directory, random);
        for (int i = 0; i < steps; i++) {
            workload.step();
        }
    }

    private void step() throws IOException {
        if (open.isEmpty() || random.nextInt(15) == 0) {
            open.add(disk.create(directory.resolve("f" + named++)));
            return;
        }
        DiskFile file = open.get(random.nextInt(open.size()));
        switch (random.nextInt(12)) {
            case 0:
                file.truncate(random.nextInt(1 + (int) file.size()));
                break;
            case 1:
                file.force(random.nextBoolean());
                break;
            case 2:
                disk.forceDirectory(directory);
                break;
            case 3:
                rename();
                break;
            case 4:
                delete();
                break;
            case 5:
                failForce(file);
                break;
            default:
                byte[] bytes = new byte[1 + random.nextInt(6_000)];
                random.nextBytes(bytes);
                file.writeFully(ByteBuffer.wrap(bytes), random.nextInt(20_000));
        }
    }

    private void rename() throws IOException {
        List<Path> files = disk.files();
        if (!files.isEmpty()) {
            Path to = directory.resolve("r" + random.nextInt(5));
            disk.rename(files.get(random.nextInt(files.size())), to);
        }
    }

    private void delete() throws IOException {
        List<Path> files = disk.files();
        if (files.size() > 3) {
            disk.delete(files.get(random.nextInt(files.size())));
        }
    }

    private void failForce(DiskFile file) throws IOException {
        if (random.nextInt(4) > 0) {
            return;
        }
        InjectedFault fault = disk.inject(Fault.ioError(CallMatch.on(Operation.Kind.FORCE)));
        try {
            file.force(false);
        } catch (IOException e) {
            open.remove(file);
            file.close();
        }
        fault.remove();
    }
}
