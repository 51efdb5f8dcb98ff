package io.tersor.ffm;

import java.util.List;

/**
 * A native library as it travels on the class path.
 *
 * @param name short name in messages and properties: {@code onednn}, {@code libtersor}
 * @param resources class path names of the files to extract side by side: what the library needs first, the library
 *     itself last
 * @param origin what to put on the class path when the resources are not there
 */
public record NativeBundle(String name, List<String> resources, String origin) {
    /** Copies the list. */
    public NativeBundle {
        resources = List.copyOf(resources);
        if (resources.isEmpty()) {
            throw new IllegalArgumentException("resources: expected at least one, got none");
        }
    }

    /** Returns the system property that names a file to load instead of the bundled one. */
    public String libraryProperty() {
        return "tersor." + name + ".library";
    }

    static String fileName(String resource) {
        return resource.substring(resource.lastIndexOf('/') + 1);
    }
}
