//! `hermes feishu-sim`.

use std::net::TcpListener;

use clap::Args;

use super::error::Error;
use super::session::{Exit, Session};
use crate::sim::{self, Sim};

/// Run a stand-in for Feishu on this machine, with a page on which cards can be clicked
#[derive(Args)]
#[command(after_help = "It checks nobody: whoever reaches its address can be anybody. Keep it on this machine.")]
pub(super) struct FeishuSim {
    /// Address of the page and of the platform
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: std::net::IpAddr,
    /// Port of the page and of the platform; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 9095)]
    port: u16,
    /// Where clicks are sent
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/api/webhook/feishu")]
    callback: String,
}

impl FeishuSim {
    pub(super) async fn run(self, session: &mut Session<'_>) -> Result<Exit, Error> {
        let listener = TcpListener::bind((self.host, self.port))?;
        let running = sim::serve(Sim::new(sim::company(), Some(self.callback)), listener)?;
        let url = format!("http://{}", running.address);
        writeln!(session.out, "Feishu, simulated: {url}")?;
        writeln!(session.out, "\nStart the supervisor beside it with these settings:\n")?;
        for (name, value) in sim::environment(&url) {
            writeln!(session.out, "  export {name}={value}")?;
        }
        session.out.flush()?;
        let handle = running.handle.clone();
        actix_web::rt::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                handle.stop(false).await;
            }
        });
        running.server.await?;
        Ok(Exit::Done)
    }
}
