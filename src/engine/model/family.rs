//! The names of the families of networks. What a family does is in its file in `families/`.

use serde::{Deserialize, Serialize};

/// Declares [`Family`] with one variant a line.
macro_rules! family {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// A family of networks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Family { $($(#[$meta])* $name,)* }

        impl Family {
            /// Every family.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];
        }
    };
}

family! {
    /// Graph convolutional network: every layer transforms and propagates.
    #[default]
    Gcn,
    /// Graph attention network: entries are weighted by attention.
    Gat,
    /// `GraphSAGE` with the mean of the neighbours.
    Sage,
    /// GCNII: deep, with a share of the first representation in every layer.
    Gcn2,
    /// Graph isomorphism network: sum of the neighbours, then an MLP in every layer.
    Gin,
    /// Plain MLP on the features: what can be had without the graph.
    Mlp,
    /// Simple graph convolution: the last hop of a propagation, then an MLP.
    Sgc,
    /// Personalised propagation: hops weighted by teleporting, then an MLP.
    Appnp,
    /// Propagation with any weights of the hops, then an MLP.
    Gbp,
}
