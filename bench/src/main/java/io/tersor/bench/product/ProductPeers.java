package io.tersor.bench.product;

import io.tersor.TersorException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** All peers of products. Safe to share. */
public final class ProductPeers {
    private final List<ProductPeer> peers;

    /**
     * @param library without which oneDNN is not called from C
     */
    public ProductPeers(Optional<BenchLibrary> library) {
        this.peers = List.of(new OnednnPeer(library), new OpenBlasPeer(), new OnnxPeer(8), new OnnxPeer(4));
    }

    /** Returns the versions of those whose libraries are there, by name. */
    public Map<String, String> versions() {
        Map<String, String> versions = new TreeMap<>();
        for (ProductPeer peer : peers) {
            try {
                versions.put(peer.name(), peer.version());
            } catch (TersorException e) {
                // Rows of this peer say why it is missing.
            }
        }
        return versions;
    }

    /**
     * Returns the peer of a name; its library may be missing nevertheless.
     *
     * @throws TersorException if there is none, with the names there are
     */
    public ProductPeer of(String name) {
        return peers.stream().filter(peer -> peer.name().equals(name)).findFirst()
                .orElseThrow(() -> new TersorException("expected one of " + peers.stream().map(ProductPeer::name)
                        .collect(Collectors.joining(", ")) + ", got '" + name + "'"));
    }
}
