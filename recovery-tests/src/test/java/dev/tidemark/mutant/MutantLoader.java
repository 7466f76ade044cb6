package dev.tidemark.mutant;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads one engine with the harness around it: all classes of ours anew, those of a mutant first; everything else is shared.
 *
 * <p><b>Threads.</b> Any.
 */
final class MutantLoader extends URLClassLoader {
    private static final String OURS = "dev.tidemark.";
    private static final String SHARED = MutantLoader.class.getPackageName() + ".";

    static {
        registerAsParallelCapable();
    }

    private MutantLoader(List<URL> places) {
        super("mutant", places.toArray(URL[]::new), MutantLoader.class.getClassLoader());
    }

    /**
     * @param classes the mutant's classes; empty for the engine as it is
     * @param classPath where all others are
     */
    static MutantLoader of(String classes, String classPath) throws MalformedURLException {
        List<URL> places = new ArrayList<>();
        if (!classes.isEmpty()) {
            places.add(Path.of(classes).toUri().toURL());
        }
        for (String entry : classPath.split(File.pathSeparator)) {
            places.add(Path.of(entry).toUri().toURL());
        }
        return new MutantLoader(places);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS) || name.startsWith(SHARED)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            return known != null ? known : findClass(name);
        }
    }
}
