package dev.tidemark.stress;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The classes that a child needs, read and verified once for all children: half of what the start of a JVM costs, and the tests start hundreds.
 *
 * <p>An archive of classes covers jars only, so each directory of the class path is packed into one. Where no archive can be made the children start
 * without.
 *
 * <p><b>Threads.</b> Any; who comes first makes it.
 */
final class ClassArchive {
    private static final int LONGEST_SECONDS = 120;

    private final String classPath;
    private final Path archive;

    private ClassArchive(Path directory) throws IOException, InterruptedException {
        classPath = jarsOnly(ChildJvm.classPath(), directory);
        archive = directory.resolve("classes.jsa");
        rehearse(directory);
    }

    /** The one of this process. */
    static ClassArchive shared() {
        return Shared.ARCHIVE;
    }

    private static final class Shared {
        static final ClassArchive ARCHIVE = make();

        private static ClassArchive make() {
            try {
                Path directory = Files.createTempDirectory("tidemark-classes");
                Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory), "class-archive-cleaner"));
                return new ClassArchive(directory);
            } catch (IOException e) {
                throw new UncheckedIOException("no directory for the archive of classes", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while the archive of classes was made", e);
            }
        }
    }

    String classPath() {
        return classPath;
    }

    /** What tells a JVM to use it; one that cannot goes on without. */
    List<String> options() {
        return List.of("-Xshare:auto", "-XX:SharedArchiveFile=" + archive);
    }

    private void rehearse(Path directory) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(ChildJvm.java("192m"));
        command.addAll(ChildJvm.SHORT_LIVED);
        command.add("-XX:ArchiveClassesAtExit=" + archive);
        command.addAll(List.of(
                "-cp",
                classPath,
                Rehearsal.class.getName(),
                directory.resolve("store").toString()));
        // The JVM lists the classes that it leaves out, and there always are some.
        Process rehearsal = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        if (!rehearsal.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS) || rehearsal.exitValue() != 0) {
            rehearsal.destroyForcibly();
            System.out.println("children start without an archive of classes: "
                    + Files.readString(directory.resolve("log")).strip());
        }
    }

    private static String jarsOnly(String classPath, Path into) throws IOException {
        List<String> jars = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator)) {
            Path path = Path.of(entry);
            jars.add(Files.isDirectory(path) ? pack(path, into.resolve(jars.size() + ".jar")) : entry);
        }
        return String.join(File.pathSeparator, jars);
    }

    private static String pack(Path directory, Path jar) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(directory)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        try (OutputStream out = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setLevel(0);
            for (Path file : files) {
                zip.putNextEntry(
                        new ZipEntry(directory.relativize(file).toString().replace(File.separatorChar, '/')));
                Files.copy(file, zip);
                zip.closeEntry();
            }
        }
        return jar.toString();
    }

    private static void delete(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            System.out.println("the archive of classes was not deleted: " + e);
        }
    }
}
