//! Which networks a request may come from without being a finding by itself.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// Why a list of trusted networks cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An entry is neither a network nor an address.
    #[error(
        "trusted network {entry:?} is not understood: give a network such as 10.0.0.0/24 or fd00::/8, or an address"
    )]
    Unreadable {
        /// The entry as it was written.
        entry: String,
    },
}

/// The networks whose members are trusted; the empty list trusts nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    trusted: Vec<IpNet>,
    lowers: BTreeSet<String>,
    warnings: Vec<String>,
}

impl Networks {
    /// Reads a list of networks (`10.0.0.0/24`, `fd00::/8`) and bare addresses.
    pub fn parse(entries: &[impl AsRef<str>]) -> Result<Self, Error> {
        entries.iter().map(|entry| entry.as_ref().trim()).try_fold(Self::default(), Self::with)
    }

    /// Tells whether an address lies in a trusted network; an IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Tells whether a text is the address of a trusted member; what is not one plain address is never trusted.
    pub fn is_trusted_text(&self, text: &str) -> bool {
        text.parse().is_ok_and(|address| self.contains(address))
    }

    /// The same networks, whose members have these labels lowered; see [`Rules::check_lowers`](super::Rules::check_lowers).
    #[must_use]
    pub fn lowering(self, labels: impl IntoIterator<Item = String>) -> Self {
        Self { lowers: labels.into_iter().collect(), ..self }
    }

    /// Tells whether a label counts for less if it comes from a trusted member.
    pub(super) fn lowers(&self, label: &str) -> bool {
        self.lowers.contains(label)
    }

    /// Says which entries are legal but probably not what was meant.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn with(mut self, entry: &str) -> Result<Self, Error> {
        let network = read(entry)?;
        if network.prefix_len() == 0 {
            self.warnings.push(format!("trusted network {entry} trusts every address of its family"));
        }
        if network.addr() != network.network() {
            self.warnings.push(format!("trusted network {entry} has host bits set; {} is used", network.trunc()));
        }
        self.trusted.push(unmapped(network.trunc()));
        Ok(self)
    }
}

impl FromStr for Networks {
    type Err = Error;

    /// Reads a comma-separated list; blanks around entries and empty entries do not count.
    fn from_str(text: &str) -> Result<Self, Error> {
        let entries: Vec<&str> = text.split(',').filter(|entry| !entry.trim().is_empty()).collect();
        Self::parse(&entries)
    }
}

fn read(entry: &str) -> Result<IpNet, Error> {
    entry
        .parse()
        .or_else(|_| entry.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical())))
        .map_err(|_| Error::Unreadable { entry: entry.to_owned() })
}

/// Addresses are compared in their canonical form, so a network written in mapped form has to be as well.
fn unmapped(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V4(_) => None,
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
    };
    mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks(text: &str) -> Networks {
        text.parse().unwrap()
    }

    #[test]
    fn membership_is_by_address_not_by_text() {
        let seed = networks("10.0.0.0/24");
        for inside in ["10.0.0.0", "10.0.0.5", "10.0.0.255", "::ffff:10.0.0.5"] {
            assert!(seed.is_trusted_text(inside), "{inside}");
        }
        let outside = [
            "",
            " ",
            "10.0.1.5",
            "10.0.0.999",
            "10.0.0.evil",
            "10.0.0.evil.example",
            "10.0.0.5, 8.8.8.8",
            "10.0.0.5:80",
            "010.0.0.5",
            "10.5",
            "0x0a000005",
            "::10.0.0.5",
            "64:ff9b::10.0.0.5",
            " 10.0.0.5",
            "127.0.0.1",
        ];
        for text in outside {
            assert!(!seed.is_trusted_text(text), "{text}");
        }
    }

    #[test]
    fn addresses_and_both_families_are_read() {
        let list = networks(" 192.168.7.9 , fd00::/8,, ::1, ::ffff:172.16.0.0/108 ");
        for inside in ["192.168.7.9", "fd12::1", "::1", "172.16.3.4"] {
            assert!(list.is_trusted_text(inside), "{inside}");
        }
        for outside in ["192.168.7.10", "fe80::1", "172.32.0.1"] {
            assert!(!list.is_trusted_text(outside), "{outside}");
        }
        assert_eq!(list.warnings(), Vec::<String>::new());
        assert_eq!(networks(""), Networks::default());
    }

    #[test]
    fn a_bad_entry_is_named() {
        let error = Networks::parse(&["10.0.0.0/24", "10.0.0.0/33"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "trusted network \"10.0.0.0/33\" is not understood: give a network such as 10.0.0.0/24 or fd00::/8, or an address"
        );
    }

    #[test]
    fn doubtful_entries_are_warned_about() {
        let list = networks("10.0.0.7/24,0.0.0.0/0");
        assert!(list.is_trusted_text("10.0.0.5"));
        assert_eq!(
            list.warnings(),
            [
                "trusted network 10.0.0.7/24 has host bits set; 10.0.0.0/24 is used",
                "trusted network 0.0.0.0/0 trusts every address of its family"
            ]
        );
    }

    proptest! {
        #[test]
        fn text_never_panics_and_mapping_changes_nothing(text in any::<String>(), address in any::<std::net::Ipv4Addr>()) {
            let list = networks("10.0.0.0/8");
            let _ = list.is_trusted_text(&text);
            let _ = text.parse::<Networks>();
            prop_assert_eq!(list.contains(address.to_ipv6_mapped().into()), list.contains(address.into()));
        }
    }
}
